// SPDX-License-Identifier: Apache-2.0
import { api, type LabSummary } from '../api';
import { asProblem, type Problem } from '../problem';
import { SerialFetcher } from '../serial';
import { live } from './live.svelte';

/** The catalogue, with what is the caller's own of it. */
class Labs {
  list = $state.raw<LabSummary[]>([]);
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  private readonly fetcher = new SerialFetcher(() => this.fetch());

  /** Loads, and follows what happens; the answer ends that. For $effect. */
  follow(): () => void {
    void this.load();
    return live.listen({
      onResync: () => void this.load(),
      onEvent: (event) => {
        if (/^(lab_|attempt_(started|stopped|resumed|solved|ended))/.test(event.type)) void this.load();
      },
    });
  }

  load(): Promise<void> {
    return this.fetcher.request('labs');
  }

  forget(): void {
    this.list = [];
    this.loaded = false;
    this.problem = null;
  }

  private async fetch(): Promise<void> {
    try {
      this.list = await api.labs();
      this.loaded = true;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}

export const labs = new Labs();
