// SPDX-License-Identifier: Apache-2.0
// Words of webhooks.

import type { EventType, Webhook, WebhookTest } from './api';
import { capitalised } from './format';
import type { Count } from './offers';

/** What events are about, with the types of each, as one chooses them. */
export function subjectsOf(types: EventType[]): Map<string, EventType[]> {
  const subjects = new Map<string, EventType[]>();
  for (const type of types.filter((one) => one !== 'webhook_test')) {
    const [noun, ...verb] = type.split('_');
    const name = capitalised(verb.length === 0 ? 'sign-ins' : `${noun}s`);
    subjects.set(name, [...(subjects.get(name) ?? []), type]);
  }
  return subjects;
}

/** "Attempts", "attempt solved": whole subjects by their name. */
export function typesWords(types: EventType[], all: EventType[]): string {
  if (types.length === 0) return 'All events';
  const words: string[] = [];
  for (const [name, members] of subjectsOf(all)) {
    const chosen = members.filter((type) => types.includes(type));
    words.push(...(chosen.length === members.length ? [name] : chosen.map((type) => capitalised(type.replaceAll('_', ' ')))));
  }
  return words.join(', ');
}

export type WebhookState = 'enabled' | 'failing' | 'disabled';
export const webhookState = (webhook: Pick<Webhook, 'enabled' | 'failing_since'>): WebhookState =>
  !webhook.enabled ? 'disabled' : webhook.failing_since === null ? 'enabled' : 'failing';

export function webhookCounts(webhook: Pick<Webhook, 'delivered' | 'dropped' | 'missed'>): Count[] {
  return [
    { name: 'Delivered', value: webhook.delivered, bad: false },
    { name: 'Dropped after a day', value: webhook.dropped, bad: true },
    { name: 'Forgotten before their turn', value: webhook.missed, bad: true },
  ];
}

export const testWords = (test: WebhookTest): string =>
  test.delivered ? `It answered ${test.status} after ${test.milliseconds} ms.` : `It did not arrive: ${test.fault}.`;
