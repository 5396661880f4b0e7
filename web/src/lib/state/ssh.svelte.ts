// SPDX-License-Identifier: Apache-2.0
import { api, type Ssh } from '../api';
import { asProblem } from '../problem';
import { SerialFetcher } from '../serial';

/** How this Berth is reached by SSH; asked once, by who wants to show it. */
class SshDoor {
  /** Null: not at all, or not known yet. */
  open = $state.raw<Ssh | null>(null);
  private asked = false;
  private readonly fetcher = new SerialFetcher(() => this.fetch());

  load(): void {
    if (!this.asked) void this.fetcher.request('ssh');
  }

  forget(): void {
    this.open = null;
    this.asked = false;
  }

  private async fetch(): Promise<void> {
    try {
      const door = await api.ssh();
      this.open = door.enabled ? door : null;
      this.asked = true;
    } catch (thrown) {
      // Without that door nothing is missing from the page.
      this.open = null;
      this.asked = asProblem(thrown).kind === 'not_found';
    }
  }
}

export const ssh = new SshDoor();
