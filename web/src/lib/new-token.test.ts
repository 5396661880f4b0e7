// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { newToken } from './new-token';

it('a TCP token is asked for without the scopes that are ticked', () => {
  const form = { name: 'game', scopes: ['images_read' as const], lifetime: '' };
  expect(newToken({ ...form, kind: 'tcp_token' })).toEqual({ name: 'game', kind: 'tcp_token' });
  expect(newToken({ ...form, kind: 'api_token' })).toEqual({ name: 'game', kind: 'api_token', scopes: ['images_read'] });
});

it('a lifetime is a number of seconds, and left out for ever', () => {
  const form = { kind: 'api_token' as const, name: 'ci', scopes: [] };
  expect(newToken({ ...form, lifetime: '86400' }).lifetime).toBe(86400);
  expect(newToken({ ...form, lifetime: '' })).not.toHaveProperty('lifetime');
});
