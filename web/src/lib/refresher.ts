// SPDX-License-Identifier: Apache-2.0
import { browserTimers, type Timers } from './backoff';

interface RefresherOptions {
  /** Has to keep its failures itself. */
  fetch(): Promise<void>;
  /** Milliseconds between the beginnings of two fetches, at least. */
  least?: number;
  /** Milliseconds from the end of one to the next, when nothing hints at a change. */
  every: number;
  timers?: Timers;
  now?: () => number;
}

/** Fetches one thing again and again: soon when something hints that it changed, else after a while. Never two at once. */
export class Refresher {
  private readonly options: RefresherOptions;
  private readonly timers: Timers;
  private readonly now: () => number;
  private running = false;
  private busy = false;
  private wanted = false;
  private begun = -Infinity;
  private timer: number | null = null;

  constructor(options: RefresherOptions) {
    this.options = options;
    this.timers = options.timers ?? browserTimers;
    this.now = options.now ?? (() => performance.now());
  }

  start(): void {
    this.running = true;
    this.hint();
  }

  stop(): void {
    this.running = false;
    this.clear();
  }

  /** It may have changed. */
  hint(): void {
    this.wanted = true;
    this.plan();
  }

  private plan(): void {
    if (!this.running || this.busy) return;
    this.clear();
    const rest = this.begun + (this.options.least ?? 1000) - this.now();
    this.timer = this.timers.set(() => void this.run(), this.wanted ? Math.max(0, rest) : this.options.every);
  }

  private async run(): Promise<void> {
    this.timer = null;
    this.wanted = false;
    this.busy = true;
    this.begun = this.now();
    try {
      await this.options.fetch();
    } finally {
      this.busy = false;
      this.plan();
    }
  }

  private clear(): void {
    if (this.timer !== null) this.timers.clear(this.timer);
    this.timer = null;
  }
}
