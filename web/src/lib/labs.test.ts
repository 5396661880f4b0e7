// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Attempt, Check, LabSummary } from './api';
import * as words from './attempt';
import { filterFrom, inOrder, labWords, matches, searchOf, tagsOf } from './labs';
import { routeOf } from './router-paths';
import { bounded, shareAfter } from './split';
import { nextTab } from './tabs';

const lab = (over: Partial<LabSummary> = {}): LabSummary => ({
  name: 'disk-full',
  version: 1,
  state: 'published',
  title: 'The disk is full, and yet it is not',
  summary: 'df and du tell different stories.',
  minutes: 20,
  difficulty: 'easy',
  tags: ['disk', 'processes'],
  machines: ['main'],
  hints: 2,
  steps: 0,
  keep: null,
  author: 'a',
  solved: false,
  best_seconds: null,
  attempt: null,
  attempt_state: null,
  created_at: '2026-01-01T00:00:00Z',
  ...over,
});

const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  id: 'x',
  lab: 'disk-full',
  version: 1,
  title: 'The disk',
  account: 'me',
  state: 'running',
  reason: null,
  machines: [{ name: 'main', instance: 'i', state: 'running', queue_position: null, queue_wait: null }],
  hints: [],
  hints_left: 2,
  steps_done: 0,
  checks: 0,
  last_check: null,
  created_at: '2026-01-01T00:00:00Z',
  started_at: '2026-01-01T00:00:00Z',
  expires_at: '2026-01-01T00:20:00Z',
  resumable: false,
  kept_until: null,
  leaving: false,
  solved_at: null,
  ended_at: null,
  seconds: null,
  ...over,
});

const check = (over: Partial<Check>): Check => ({ at: '2026-01-01T00:01:00Z', verdict: 'not_yet', step: 0, reason: '', milliseconds: 3, ...over });

describe('the catalogue', () => {
  const all = { words: '', tag: null, difficulty: null };

  it('finds a lab by all words, anywhere in it', () => {
    expect(matches(lab(), { ...all, words: ' DF  stories disk-f ' })).toBe(true);
    expect(matches(lab(), { ...all, words: 'df nginx' })).toBe(false);
    expect(matches(lab(), { ...all, tag: 'disk' })).toBe(true);
    expect(matches(lab(), { ...all, tag: 'dis' })).toBe(false);
    expect(matches(lab(), { ...all, difficulty: 'hard' })).toBe(false);
  });

  it('shows what is under way first, then the easy ones', () => {
    const labs = [lab({ name: 'c', difficulty: 'hard', title: 'C' }), lab({ name: 'b', title: 'B' }), lab({ name: 'a', title: 'A' }), lab({ name: 'd', difficulty: 'hard', attempt: 'x' })];
    expect(inOrder(labs).map(({ name }) => name)).toEqual(['d', 'a', 'b', 'c']);
  });

  it('counts a tag once for each lab', () => {
    expect(tagsOf([lab(), lab({ tags: ['net', 'disk', 'disk'] })])).toEqual([
      { tag: 'disk', count: 2 },
      { tag: 'net', count: 1 },
      { tag: 'processes', count: 1 },
    ]);
  });

  it('keeps its filter in the address', () => {
    const filter = { words: 'a b', tag: 'x&y', difficulty: 'hard' as const };
    expect(filterFrom(searchOf(filter))).toEqual(filter);
    expect(searchOf(all)).toBe('');
    expect(filterFrom('?difficulty=impossible')).toEqual(all);
  });

  it('says what a lab takes', () => {
    expect(labWords(lab({ machines: ['web', 'db'], steps: 1 }))).toEqual(['20 minutes', '2 machines', '1 step']);
  });
});

describe('an attempt', () => {
  const machine = (over: object) => ({ ...attempt().machines[0]!, ...over });

  it('has come as far as the last of its machines', () => {
    expect(words.progressOf(attempt({ state: 'waiting', machines: [] }))).toEqual({ stage: 'starting', words: 'Starting…' });
    const queued = [machine({}), machine({ state: 'queued', queue_position: 3, queue_wait: 130 }), machine({ state: 'queued', queue_position: 2 })];
    expect(words.progressOf(attempt({ state: 'waiting', machines: queued }))).toEqual({ stage: 'queue', words: '3rd in the queue, about 2 minutes' });
    expect(words.progressOf(attempt({ state: 'waiting', machines: [machine({ state: 'queued' })] })).words).toBe('Waiting for a place');
    expect(words.progressOf(attempt())).toEqual({ stage: 'ready', words: 'Ready' });
  });

  it('is warned of its end twice, unless it was never longer', () => {
    const hour = 3_600_000;
    expect([hour, 300_001, 300_000, 60_001, 60_000, 1, 0, -5].map((left) => words.timeWarning(left, hour))).toEqual([null, null, 5, 5, 1, 1, null, null]);
    expect(words.timeWarning(200_000, 300_000)).toBeNull();
    expect(words.timeWarning(50_000, 300_000)).toBe(1);
    expect(words.warningWords(5, attempt())).toBe('5 minutes left. Then the machine and all in it is gone.');
    expect(words.warningWords(1, attempt({ machines: [machine({}), machine({})] }))).toBe('1 minute left. Then the machines and all in them are gone.');
    expect(words.warningWords(5, attempt({ resumable: true }))).toBe('5 minutes left. Then the machine is stopped, and what you did is kept.');
  });

  it('a fault is ours and never called wrong', () => {
    const outcome = words.outcomeOf(check({ verdict: 'fault', reason: 'the host is out of memory' }), attempt(), 0);
    expect(outcome).toEqual({ kind: 'fault', title: 'We could not check. That is our fault, not yours', reason: 'the host is out of memory' });
  });

  it('a check of a step is not the end but for the last', () => {
    expect(words.outcomeOf(check({ verdict: 'solved', step: 2 }), attempt(), 3)).toMatchObject({ kind: 'step', title: 'Step 2 of 3 is done' });
    expect(words.outcomeOf(check({ verdict: 'solved', step: 3 }), attempt({ seconds: 192 }), 3)).toMatchObject({ kind: 'solved', title: 'Solved in 3 minutes 12 seconds' });
    expect(words.outcomeOf(check({ step: 1 }), attempt(), 3).title).toBe('Step 1: not yet');
    expect(words.outcomeOf(check({}), attempt(), 0).title).toBe('Not yet');
  });

  it('says what it took and how it ended', () => {
    expect(words.effortWords(attempt({ checks: 2, hints: ['a'] }))).toBe('after 2 checks, with 1 hint');
    expect(words.effortWords(attempt({ checks: 1 }))).toBe('after 1 check, with no hints');
    expect(words.endWords(attempt({ state: 'failed', reason: 'a machine failed: no room' }))).toBe('A machine failed: no room');
  });

  it('tells until when it is kept, and of the end of that only when it is near', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    const kept = attempt({ state: 'stopped', kept_until: '2026-01-08T00:00:00Z' });
    expect(words.keptWords(kept, now)).toMatch(/^kept until .*Jan.*2026/);
    expect(words.keptWords(attempt(), now)).toBe('');
    expect(words.leavingWords(kept, now)).toBeNull();
    expect(words.leavingWords({ ...kept, leaving: true }, now)).toMatch(/^What you did in “The disk” is kept until .*2026/);
    expect(words.endWords(attempt({ state: 'expired', reason: 'it was not resumed in time' }))).toBe('It was not resumed in time; the machine is gone, with all that was in it.');
  });

  it('is over in all states but four', () => {
    expect((['waiting', 'running', 'stopped', 'solved', 'ended', 'expired', 'given_up', 'failed'] as const).filter(words.isOver)).toEqual(['ended', 'expired', 'given_up', 'failed']);
  });

  it('comes into a list newest first, each once', () => {
    const older = attempt({ id: 'o', created_at: '2025-01-01T00:00:00Z' });
    const list = words.withAttempt([older], attempt());
    expect(list.map(({ id }) => id)).toEqual(['x', 'o']);
    expect(words.withAttempt(list, attempt({ checks: 5 }))[0]!.checks).toBe(5);
  });
});

it('paths of labs and attempts', () => {
  expect(['/labs', '/labs/a%20b', '/attempts', '/attempts/x', '/labs/a/b', '/constructor/x', '/labs/%', '/instances'].map(routeOf)).toEqual([
    { name: 'labs' },
    { name: 'lab', id: 'a b' },
    { name: 'attempts' },
    { name: 'attempt', id: 'x' },
    { name: 'unknown' },
    { name: 'unknown' },
    { name: 'unknown' },
    { name: 'home' },
  ]);
});

it('the divider stays within bounds', () => {
  expect([NaN, 0, 33.4, 99].map(bounded)).toEqual([36, 20, 33, 70]);
  expect(['ArrowLeft', 'ArrowRight', 'Home', 'End', 'Enter', 'a'].map((key) => shareAfter(key, 21))).toEqual([20, 23, 20, 70, 36, null]);
});

it('keys go around the tabs', () => {
  expect(['ArrowLeft', 'ArrowRight', 'Home', 'End', 'x'].map((key) => nextTab(key, 0, 3))).toEqual([2, 1, 0, 2, null]);
});
