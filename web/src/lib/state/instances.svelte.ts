// SPDX-License-Identifier: Apache-2.0
import { api, type Instance, type InstanceAction } from '../api';
import { asProblem, type Problem } from '../problem';
import { reduceInstances, withInstance } from '../reduce';
import { Refresher } from '../refresher';
import { SerialFetcher } from '../serial';
import { whileVisible } from '../while-visible';
import { live } from './live.svelte';

const whole = '*';

/** The caller's instances, kept as they are now by events. */
class Instances {
  list = $state.raw<Instance[]>([]);
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Also those that are gone; those of everybody. */
  all = $state(false);
  everyone = $state(false);
  /** One that is looked at: it stays even where the list would not have it (gone, or of somebody else). */
  private watched: string | null = null;
  private readonly fetcher = new SerialFetcher((key) => (key === whole ? this.fetchList() : this.fetchOne(key)));

  constructor() {
    live.listen({
      onResync: () => void this.load(),
      onEvent: (event) => {
        const { instances, stale } = reduceInstances(this.list, event);
        this.list = instances;
        if (stale === null) return;
        void this.refresh(stale);
        // Whoever leaves the queue or the host moves those behind up.
        for (const { id, state } of instances) if (state === 'queued') void this.refresh(id);
      },
    });
  }

  get(id: string): Instance | undefined {
    return this.list.find((instance) => instance.id === id);
  }

  load(): Promise<void> {
    return this.fetcher.request(whole);
  }

  refresh(id: string): Promise<void> {
    return this.fetcher.request(id);
  }

  watch(id: string): () => void {
    this.watched = id;
    return () => {
      this.watched = null;
    };
  }

  /**
   * Places and waits in the queue change with the instances of others, of which no event tells: while one is looked at
   * they are asked for again. The answer ends that.
   */
  followQueue(): () => void {
    return whileVisible(new Refresher({ fetch: () => this.refreshQueue(), every: 10_000 }));
  }

  show(which: { all?: boolean; everyone?: boolean }): void {
    this.all = which.all ?? this.all;
    this.everyone = which.everyone ?? this.everyone;
    void this.load();
  }

  /** `key`: repeated with the same one, it is the same instance. */
  async create(image: string, plan: string, key: string): Promise<Instance> {
    const created = await api.createInstance({ image, plan }, key);
    if (this.get(created.id) === undefined) this.list = withInstance(this.list, created);
    return created;
  }

  async act(id: string, action: InstanceAction, lifetime?: number): Promise<void> {
    try {
      await api.act(id, { action, ...(lifetime === undefined ? {} : { lifetime }) });
    } finally {
      await this.refresh(id);
    }
  }

  async rename(id: string, name: string): Promise<void> {
    await api.renameInstance(id, name);
    await this.refresh(id);
  }

  async destroy(id: string): Promise<void> {
    await api.destroyInstance(id);
    this.list = this.all
      ? this.list.map((instance) => (instance.id === id ? { ...instance, state: 'gone' as const } : instance))
      : this.list.filter((instance) => instance.id !== id);
  }

  /** What was known belongs to somebody else now. */
  forget(): void {
    this.list = [];
    this.loaded = false;
    this.problem = null;
    this.all = false;
    this.everyone = false;
  }

  private async refreshQueue(): Promise<void> {
    const [first, ...others] = this.list.filter((instance) => instance.state === 'queued');
    if (first !== undefined) await (others.length === 0 ? this.refresh(first.id) : this.load());
  }

  private async fetchList(): Promise<void> {
    try {
      const listed = await api.instances({ all: this.all, everyone: this.everyone });
      const watched = this.watched === null ? undefined : this.get(this.watched);
      if (watched === undefined || listed.some((instance) => instance.id === watched.id)) {
        this.list = listed;
      } else {
        this.list = withInstance(listed, watched);
        void this.refresh(watched.id);
      }
      this.loaded = true;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  private async fetchOne(id: string): Promise<void> {
    try {
      this.list = withInstance(this.list, await api.instance(id));
    } catch (thrown) {
      if (asProblem(thrown).kind === 'not_found') this.list = this.list.filter((instance) => instance.id !== id);
    }
  }
}

export const instances = new Instances();
