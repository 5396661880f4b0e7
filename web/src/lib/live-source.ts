// SPDX-License-Identifier: Apache-2.0
// An EventSource that always comes back: after lost connections, refusals and, because a browser has only six
// connections to a server, after the page was hidden.

import { Backoff, browserTimers, type Timers } from './backoff';

export interface Source {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  onopen: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  close(): void;
}

export interface LiveOptions {
  /** `after` is the last id that arrived. */
  open(after: string | null): Source;
  names: readonly string[];
  onEvent(name: string, data: unknown): void;
  /** Connected: anything that changed while there was no connection has to be fetched. */
  onOpen(): void;
  onLost(): void;
  timers?: Timers;
}

export class LiveSource {
  private readonly options: LiveOptions;
  private readonly timers: Timers;
  private readonly backoff = new Backoff();
  private source: Source | null = null;
  private timer: number | null = null;
  private last: string | null = null;
  private running = false;

  constructor(options: LiveOptions) {
    this.options = options;
    this.timers = options.timers ?? browserTimers;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.open();
  }

  /** start() goes on behind the last event. */
  stop(): void {
    this.running = false;
    this.source?.close();
    this.source = null;
    if (this.timer !== null) this.timers.clear(this.timer);
    this.timer = null;
  }

  private open(): void {
    const source = this.options.open(this.last);
    this.source = source;
    const current = () => this.source === source;
    for (const name of this.options.names) {
      source.addEventListener(name, (event) => {
        if (current()) this.receive(name, event);
      });
    }
    source.onopen = () => {
      if (!current()) return;
      this.backoff.reset();
      this.options.onOpen();
    };
    source.onerror = () => {
      if (!current()) return;
      // EventSource repeats lost connections by itself but gives up after a refusal: one way for both.
      source.close();
      this.source = null;
      this.options.onLost();
      if (!this.running) return;
      this.timer = this.timers.set(() => {
        this.timer = null;
        this.open();
      }, this.backoff.next());
    };
  }

  private receive(name: string, event: MessageEvent<string>): void {
    if (event.lastEventId !== '') this.last = event.lastEventId;
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      return;
    }
    this.options.onEvent(name, data);
  }
}
