// SPDX-License-Identifier: Apache-2.0
import { loginCode } from './login-code';

/** The code of the login link by which this page was opened, until it is used. */
class Arrival {
  code = $state<string | null>(null);

  constructor() {
    this.look();
    // A link pasted over /login only changes the fragment.
    window.addEventListener('hashchange', () => this.look());
  }

  take(): string | null {
    const code = this.code;
    this.code = null;
    return code;
  }

  private look(): void {
    if (location.pathname !== '/login' || location.hash === '') return;
    this.code = loginCode(location.hash);
    // It must not stay in the address bar or the history.
    history.replaceState(null, '', '/login');
  }
}

export const arrival = new Arrival();
