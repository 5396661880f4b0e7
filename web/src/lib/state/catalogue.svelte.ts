// SPDX-License-Identifier: Apache-2.0
import { api, type Image, type Plan } from '../api';
import { asProblem, type Problem } from '../problem';
import { reduceProgress, withImage } from '../reduce';
import { recall, remember } from '../remembered';
import { SerialFetcher } from '../serial';
import { live } from './live.svelte';
import { who } from './who.svelte';

const whole = '*';

/** What an instance can be started from: images, kept as they are now by events, and plans. */
class Catalogue {
  images = $state.raw<Image[]>([]);
  plans = $state.raw<Plan[]>([]);
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  private chosenPlan = $state(recall('plan'));
  /** The chosen plan, else the first. */
  plan = $derived(this.plans.find((plan) => plan.name === this.chosenPlan) ?? this.plans[0]);
  private readonly fetcher = new SerialFetcher((key) => (key === whole ? this.fetchAll() : this.fetchImage(key)));

  constructor() {
    live.listen({
      onResync: () => void this.load(),
      onEvent: (event) => {
        if (event.image === null || !event.type.startsWith('image_')) return;
        if (event.type === 'image_removed') this.images = this.images.filter((image) => image.name !== event.image);
        else void this.request(event.image);
      },
      onProgress: (data) => {
        const { images, stale } = reduceProgress(this.images, data);
        this.images = images;
        if (stale !== null) void this.request(stale);
      },
    });
  }

  load(): Promise<void> {
    return this.request(whole);
  }

  choose(plan: string): void {
    this.chosenPlan = plan;
    remember('plan', plan);
  }

  planOf(name: string): Plan | undefined {
    return this.plans.find((plan) => plan.name === name);
  }

  forget(): void {
    this.images = [];
    this.plans = [];
    this.loaded = false;
    this.problem = null;
  }

  /** A candidate has labs and needs none of this. */
  private async request(key: string): Promise<void> {
    if (who.can('images_read')) await this.fetcher.request(key);
  }

  private async fetchAll(): Promise<void> {
    try {
      [this.images, this.plans] = await Promise.all([api.images(), api.plans()]);
      this.loaded = true;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  private async fetchImage(name: string): Promise<void> {
    try {
      this.images = withImage(this.images, await api.image(name));
    } catch (thrown) {
      if (asProblem(thrown).kind === 'not_found') this.images = this.images.filter((image) => image.name !== name);
    }
  }
}

export const catalogue = new Catalogue();
