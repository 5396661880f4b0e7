// SPDX-License-Identifier: Apache-2.0
// What an attempt is to its learner, in words.

import type { Attempt, AttemptState, Check } from './api';
import { about, capitalised, duration, moment, ordinal } from './format';

export function isOver(state: AttemptState): boolean {
  return state !== 'waiting' && state !== 'running' && state !== 'stopped' && state !== 'solved';
}

const stateNames: Record<AttemptState, string> = {
  waiting: 'Waiting',
  running: 'Under way',
  stopped: 'Stopped',
  solved: 'Solved',
  ended: 'Solved',
  expired: 'Time over',
  given_up: 'Given up',
  failed: 'Failed',
};

export function attemptStateName(state: AttemptState): string {
  return stateNames[state];
}

export type Stage = 'queue' | 'starting' | 'ready';

export interface Progress {
  stage: Stage;
  /** "3rd in the queue, about 2 minutes", of the machine that comes last. */
  words: string;
}

/** How far its machines have come: as far as the last of them. */
export function progressOf(attempt: Pick<Attempt, 'state' | 'machines'>): Progress {
  if (attempt.state !== 'waiting') return { stage: 'ready', words: 'Ready' };
  const queued = attempt.machines.filter((machine) => machine.state === 'queued');
  if (queued.length === 0) return { stage: 'starting', words: 'Starting…' };
  const known = queued.flatMap((machine) => (machine.queue_position === null ? [] : [machine.queue_position]));
  if (known.length === 0) return { stage: 'queue', words: 'Waiting for a place' };
  const waits = queued.flatMap((machine) => (machine.queue_wait === null ? [] : [machine.queue_wait]));
  const place = `${ordinal(Math.max(...known))} in the queue`;
  return { stage: 'queue', words: waits.length === 0 ? place : `${place}, ${about(Math.max(...waits))}` };
}

const minute = 60_000;

/** The warning that holds now, if any: 5 minutes before the end and 1 minute before, if it had longer than that at all. */
export function timeWarning(left: number, whole: number): 5 | 1 | null {
  if (left <= 0) return null;
  if (left <= minute && whole > minute) return 1;
  return left <= 5 * minute && whole > 5 * minute ? 5 : null;
}

export function warningWords(warning: 5 | 1, attempt: Pick<Attempt, 'machines' | 'resumable'>): string {
  const several = attempt.machines.length > 1;
  const what = several ? 'the machines and all in them are' : 'the machine and all in it is';
  const stopped = several ? 'the machines are' : 'the machine is';
  return `${duration(warning * 60)} left. Then ${attempt.resumable ? `${stopped} stopped, and what you did is kept` : `${what} gone`}.`;
}

/** Of a stopped one: "kept until 28 Nov 2026, 19:30". */
export function keptWords(attempt: Pick<Attempt, 'kept_until'>, now: number): string {
  return attempt.kept_until === null ? '' : `kept until ${moment(attempt.kept_until, now)}`;
}

/** When what is kept will soon be gone. */
export function leavingWords(attempt: Pick<Attempt, 'kept_until' | 'leaving' | 'title'>, now: number): string | null {
  if (!attempt.leaving || attempt.kept_until === null) return null;
  return `What you did in “${attempt.title}” is kept until ${moment(attempt.kept_until, now)}, and then gone. Resume it before to keep it longer.`;
}

export interface Outcome {
  kind: 'solved' | 'step' | 'not_yet' | 'fault';
  title: string;
  /** What the check says itself: somebody else's text. */
  reason: string;
}

/** What a check means for the attempt it belongs to. */
export function outcomeOf(check: Check, attempt: Pick<Attempt, 'seconds' | 'solved_at'>, steps: number): Outcome {
  const { reason } = check;
  switch (check.verdict) {
    case 'solved':
      if (check.step > 0 && check.step < steps) return { kind: 'step', title: `Step ${check.step} of ${steps} is done`, reason };
      return { kind: 'solved', title: attempt.seconds === null ? 'Solved' : `Solved in ${duration(attempt.seconds)}`, reason };
    case 'not_yet':
      return { kind: 'not_yet', title: check.step > 0 ? `Step ${check.step}: not yet` : 'Not yet', reason };
    case 'fault':
      return { kind: 'fault', title: 'We could not check. That is our fault, not yours', reason };
  }
}

const times = (count: number, what: string) => (count === 0 ? `no ${what}s` : `${count} ${what}${count === 1 ? '' : 's'}`);

/** "after 2 checks, with 1 hint". */
export function effortWords(attempt: Pick<Attempt, 'checks' | 'hints'>): string {
  return `after ${times(attempt.checks, 'check')}, with ${times(attempt.hints.length, 'hint')}`;
}

/** Why and when it ended, when it is over. */
export function endWords(attempt: Pick<Attempt, 'state' | 'reason'>): string {
  switch (attempt.state) {
    case 'expired': {
      const gone = 'the machine is gone, with all that was in it.';
      return attempt.reason === null || attempt.reason === 'the time is over' ? capitalised(gone) : `${capitalised(attempt.reason)}; ${gone}`;
    }
    case 'given_up':
      return attempt.reason === null || attempt.reason === 'it was left' ? 'You left it, and the machine is gone.' : capitalised(attempt.reason);
    case 'failed':
      return attempt.reason === null ? 'It failed, and we do not know why.' : capitalised(attempt.reason);
    default:
      return 'Its machine is gone; that you solved it stays.';
  }
}

/** An attempt in its place: newest first. */
export function withAttempt(attempts: Attempt[], fetched: Attempt): Attempt[] {
  if (attempts.some((attempt) => attempt.id === fetched.id)) {
    return attempts.map((attempt) => (attempt.id === fetched.id ? fetched : attempt));
  }
  return [...attempts, fetched].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
}
