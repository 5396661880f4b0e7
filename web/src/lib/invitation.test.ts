// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Attempt, Invitation } from './api';
import { invitationName, invitationSecret, progressWords } from './invitation';

const lab = (attempt: Partial<Attempt> | null): Invitation['labs'][number] => ({
  name: 'lab',
  title: 'Lab',
  minutes: 20,
  attempt: attempt as Attempt | null,
  checks: [],
  recordings: [],
});

test('progress counts what is solved and what is under way', () => {
  expect(progressWords({ labs: [lab(null), lab(null)] })).toBe('0 of 2 solved');
  const solved = lab({ state: 'ended', solved_at: '2030-01-01T00:00:00Z' });
  expect(progressWords({ labs: [solved, lab({ state: 'running', solved_at: null })] })).toBe('1 of 2 solved, 1 under way');
});

test('an invitation without a name is somebody’s', () => {
  expect(invitationName({ name: '' })).toBe('Somebody');
  expect(invitationName({ name: 'Cora' })).toBe('Cora');
});

test('the secret is what stands behind the #', () => {
  expect(invitationSecret('#berth_abc')).toBe('berth_abc');
  expect(invitationSecret('')).toBeNull();
  expect(invitationSecret('#<script>')).toBeNull();
});
