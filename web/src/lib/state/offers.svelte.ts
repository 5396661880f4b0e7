// SPDX-License-Identifier: Apache-2.0
import { api, type Pool, type Service } from '../api';
import { asProblem, type Problem } from '../problem';
import { Refresher } from '../refresher';
import { whileVisible } from '../while-visible';
import { live } from './live.svelte';

/**
 * Services and pools. Their instances belong to accounts of their own, whose events nobody is told, and a connection is
 * no event: so while the page is seen they are asked for every other second, and at once when an own instance changes.
 */
export class Offers {
  services = $state.raw<Service[]>([]);
  pools = $state.raw<Pool[]>([]);
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  private readonly refresher = new Refresher({ fetch: () => this.fetch(), least: 1000, every: 2000 });

  /** For $effect. */
  follow(): () => void {
    const deaf = live.listen({
      onResync: () => this.refresher.hint(),
      onEvent: (event) => {
        if (event.type.startsWith('instance_')) this.refresher.hint();
      },
    });
    const ended = whileVisible(this.refresher);
    return () => {
      deaf();
      ended();
    };
  }

  load(): void {
    this.refresher.hint();
  }

  async reset(service: string): Promise<void> {
    await api.resetService(service);
    this.refresher.hint();
  }

  async remove(service: string): Promise<void> {
    await api.removeService(service);
    this.refresher.hint();
  }

  private async fetch(): Promise<void> {
    try {
      [this.services, this.pools] = await Promise.all([api.services(), api.pools()]);
      this.loaded = true;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}
