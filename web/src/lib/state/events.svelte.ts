// SPDX-License-Identifier: Apache-2.0
import { api, type BerthEvent, type EventPage } from '../api';
import { mergeEvents } from '../merge-events';
import { asProblem, type Problem } from '../problem';
import { SerialFetcher } from '../serial';
import { live } from './live.svelte';

const pagesAtOnce = 10;

/** Stored events, of one instance or all, and then those that happen. */
export class EventLog {
  events = $state.raw<BerthEvent[]>([]);
  newestFirst = $derived([...this.events].reverse());
  loaded = $state(false);
  /** There are later stored events than those shown. */
  more = $state(false);
  problem = $state.raw<Problem | null>(null);
  private readonly instance: string | undefined;
  private after = 0;
  private readonly fetcher = new SerialFetcher(() => this.fetch());

  constructor(instance?: string) {
    this.instance = instance;
  }

  /** Loads, listens; the answer ends that. For $effect. */
  follow(): () => void {
    void this.load();
    return live.listen({
      onResync: () => void this.load(),
      onEvent: (event) => {
        if (this.instance !== undefined && event.instance !== this.instance) return;
        // Behind a gap: it comes with the rest.
        if (!this.more) this.events = mergeEvents(this.events, [event]);
      },
    });
  }

  load(): Promise<void> {
    return this.fetcher.request('events');
  }

  private async fetch(): Promise<void> {
    try {
      let next: number | null = this.after;
      for (let page = 0; page < pagesAtOnce && next !== null; page += 1) {
        const answer: EventPage = await api.events(next, this.instance);
        this.events = mergeEvents(this.events, answer.items);
        this.after = answer.items.at(-1)?.sequence ?? this.after;
        next = answer.next_after;
      }
      this.more = next !== null;
      this.loaded = true;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}
