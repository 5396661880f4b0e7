// SPDX-License-Identifier: Apache-2.0
import { api, type Lab, type LabAction } from '../api';
import { asProblem, type Problem } from '../problem';
import { Refresher } from '../refresher';
import { SerialFetcher } from '../serial';
import { whileVisible } from '../while-visible';
import { live } from './live.svelte';

/** One lab as it is looked at: the published version, for its author any. */
export class ShownLab {
  shown = $state.raw<Lab | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Null: the one the server chooses. */
  private version: number | null = null;
  private readonly name: string;
  private readonly fetcher = new SerialFetcher(() => this.fetch());

  constructor(name: string) {
    this.name = name;
  }

  /** For $effect. */
  follow(): () => void {
    void this.load();
    return live.listen({
      onResync: () => void this.load(),
      onEvent: (event) => {
        if (event.type.startsWith('lab_') || event.type.startsWith('attempt_')) void this.load();
      },
    });
  }

  /** What is done to prepare it is no event: it is asked for every other second. For $effect. */
  followPreparation(): () => void {
    return whileVisible(new Refresher({ fetch: () => this.load(), every: 2000 }));
  }

  load(): Promise<void> {
    return this.fetcher.request('lab');
  }

  choose(version: number): Promise<void> {
    this.version = version;
    return this.load();
  }

  async act(action: LabAction, version: number): Promise<void> {
    await api.actOnLab(this.name, { action, version });
    await this.load();
  }

  private async fetch(): Promise<void> {
    try {
      this.shown = await api.lab(this.name, this.version);
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}
