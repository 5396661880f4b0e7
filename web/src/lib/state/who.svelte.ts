// SPDX-License-Identifier: Apache-2.0
import { api, whenUnauthenticated, type Account, type Scope } from '../api';
import { asProblem, type Problem } from '../problem';

/** Who is signed in in this browser. */
class Who {
  account = $state.raw<Account | null>(null);
  /** Not known yet, or (with `problem`) not to be found out. */
  unknown = $state(true);
  problem = $state.raw<Problem | null>(null);

  constructor() {
    whenUnauthenticated(() => {
      this.account = null;
      this.unknown = false;
    });
  }

  async load(): Promise<void> {
    try {
      this.is(await api.account());
    } catch (thrown) {
      const problem = asProblem(thrown);
      this.problem = problem.kind === 'unauthenticated' ? null : problem;
    }
  }

  async login(code: string): Promise<void> {
    this.is((await api.login(code)).account);
  }

  /** As a candidate, instead of whoever is signed in. */
  async openInvitation(secret: string): Promise<void> {
    this.is((await api.openInvitation(secret)).account);
  }

  async becomeGuest(): Promise<void> {
    await api.becomeGuest();
    // The answer has no scopes of its own to rely on; the cookie has.
    this.is(await api.account());
  }

  async logout(): Promise<void> {
    await api.logout();
    this.account = null;
  }

  can(scope: Scope): boolean {
    return this.account?.scopes.includes(scope) ?? false;
  }

  private is(account: Account): void {
    this.account = account;
    this.unknown = false;
    this.problem = null;
  }
}

export const who = new Who();
