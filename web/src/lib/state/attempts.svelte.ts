// SPDX-License-Identifier: Apache-2.0
import { api, type Attempt, type Check } from '../api';
import { isOver, withAttempt } from '../attempt';
import { asProblem, type Problem } from '../problem';
import { Refresher } from '../refresher';
import { SerialFetcher } from '../serial';
import { whileVisible } from '../while-visible';
import { live } from './live.svelte';

const whole = '*';

/** The caller's attempts, and those that are looked at, kept as they are now by events. */
class Attempts {
  list = $state.raw<Attempt[]>([]);
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  private listed = false;
  private readonly fetcher = new SerialFetcher((key) => (key === whole ? this.fetchList() : this.fetchOne(key)));

  constructor() {
    live.listen({
      onResync: () => this.refreshAll(),
      onEvent: (event) => {
        if (!event.type.startsWith('attempt_') && !event.type.startsWith('instance_')) return;
        const about = this.list.find((attempt) => attempt.machines.some((machine) => machine.instance === event.instance));
        if (about !== undefined && !isOver(about.state)) void this.refresh(about.id);
        else if (about === undefined && event.type === 'attempt_started' && this.listed) void this.load();
      },
    });
  }

  get(id: string): Attempt | undefined {
    return this.list.find((attempt) => attempt.id === id);
  }

  load(): Promise<void> {
    this.listed = true;
    return this.fetcher.request(whole);
  }

  refresh(id: string): Promise<void> {
    return this.fetcher.request(id);
  }

  /** Finds one that the list does not have. Throws Problem. */
  async find(id: string): Promise<void> {
    this.put(await api.attempt(id));
  }

  /** The place in the queue changes with the instances of others: asked for while it is looked at. For $effect. */
  followQueue(id: string): () => void {
    return whileVisible(new Refresher({ fetch: () => this.refresh(id), every: 10_000 }));
  }

  async start(lab: string, version: number | null = null): Promise<Attempt> {
    const attempt = await api.startAttempt(lab, version);
    this.put(attempt);
    return attempt;
  }

  async check(id: string): Promise<Check> {
    try {
      return await api.check(id);
    } finally {
      await this.refresh(id);
    }
  }

  async takeHint(id: string): Promise<void> {
    this.put(await api.takeHint(id));
  }

  async end(id: string): Promise<void> {
    this.put(await api.endAttempt(id));
  }

  async stop(id: string): Promise<void> {
    this.put(await api.stopAttempt(id));
  }

  async resume(id: string): Promise<void> {
    this.put(await api.resumeAttempt(id));
  }

  forget(): void {
    this.list = [];
    this.loaded = false;
    this.listed = false;
    this.problem = null;
  }

  private put(attempt: Attempt): void {
    this.list = withAttempt(this.list, attempt);
  }

  private refreshAll(): void {
    if (this.listed) void this.load();
    else for (const { id, state } of this.list) if (!isOver(state)) void this.refresh(id);
  }

  private async fetchList(): Promise<void> {
    try {
      const listed = await api.attempts();
      // One of somebody else that is looked at stays.
      this.list = this.list.filter(({ id }) => !listed.some((attempt) => attempt.id === id)).reduce(withAttempt, listed);
      this.loaded = true;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  private async fetchOne(id: string): Promise<void> {
    try {
      this.put(await api.attempt(id));
    } catch {
      // What is shown stays; the next event or the next look corrects it.
    }
  }
}

export const attempts = new Attempts();
