// SPDX-License-Identifier: Apache-2.0
import type { Instance, InstanceAction, InstanceState, Plan } from './api';
import { duration } from './format';

// As in the server's state table; it has the last word.
const actions: Record<InstanceState, Exclude<InstanceAction, 'extend'>[]> = {
  queued: ['stop'],
  starting: ['stop'],
  running: ['pause', 'restart', 'stop'],
  asleep: ['resume', 'stop'],
  stopped: ['start'],
  failed: ['start'],
  grace: [],
  gone: [],
};

export function possibleActions(state: InstanceState): Exclude<InstanceAction, 'extend'>[] {
  return actions[state];
}

export type Extension = { seconds: number } | { why: string };

/** How much longer the lease can be made by one press, or why not. */
export function extension(instance: Instance, plan: Plan | undefined): Extension {
  if (instance.state === 'gone') return { why: 'It is gone.' };
  if (instance.expires_at === null || instance.longest_until === null) return { why: 'Its time has not begun.' };
  const room = Math.floor((Date.parse(instance.longest_until) - Date.parse(instance.expires_at)) / 1000);
  if (room < 1) {
    return {
      why: plan
        ? `The plan ${plan.name} allows ${duration(plan.longest_lifetime)} in all; that is reached.`
        : 'This is the longest its plan allows.',
    };
  }
  return { seconds: Math.min(room, plan?.lifetime ?? room) };
}
