// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { EventType } from './api';
import { subjectsOf, testWords, typesWords, webhookState } from './webhooks';

const types: EventType[] = ['attempt_solved', 'attempt_given_up', 'login', 'lab_ready', 'webhook_test'];

test('events are chosen by what they are about; tests are not chosen', () => {
  expect([...subjectsOf(types)]).toEqual([
    ['Attempts', ['attempt_solved', 'attempt_given_up']],
    ['Sign-ins', ['login']],
    ['Labs', ['lab_ready']],
  ]);
});

test('whole subjects are told by their name', () => {
  expect(typesWords([], types)).toBe('All events');
  expect(typesWords(['login', 'attempt_given_up', 'attempt_solved'], types)).toBe('Attempts, Sign-ins');
  expect(typesWords(['attempt_given_up', 'lab_ready'], types)).toBe('Attempt given up, Labs');
});

test('what is not enabled does not fail', () => {
  expect(webhookState({ enabled: true, failing_since: null })).toBe('enabled');
  expect(webhookState({ enabled: true, failing_since: '2030-01-01T00:00:00Z' })).toBe('failing');
  expect(webhookState({ enabled: false, failing_since: '2030-01-01T00:00:00Z' })).toBe('disabled');
});

test('a test says what came of it', () => {
  expect(testWords({ delivered: true, status: 204, milliseconds: 7, fault: null })).toBe('It answered 204 after 7 ms.');
  expect(testWords({ delivered: false, status: 500, milliseconds: 7, fault: 'it answered 500' })).toBe('It did not arrive: it answered 500.');
});
