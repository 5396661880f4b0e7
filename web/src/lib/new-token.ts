// SPDX-License-Identifier: Apache-2.0
import type { CreateToken, Scope, Token } from './api';

export type NewTokenKind = 'api_token' | 'tcp_token';

export const kindWords: Record<Token['kind'], string> = {
  api_token: 'API token',
  browser: 'browser sign-in',
  tcp_token: 'TCP token',
};

// What is sent for the filled-in form: a TCP token has no scopes, whatever is ticked.
export function newToken(form: { kind: NewTokenKind; name: string; scopes: Scope[]; lifetime: string }): CreateToken {
  return {
    name: form.name,
    kind: form.kind,
    ...(form.kind === 'api_token' && { scopes: form.scopes }),
    ...(form.lifetime !== '' && { lifetime: Number(form.lifetime) }),
  };
}
