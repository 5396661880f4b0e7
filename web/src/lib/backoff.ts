// SPDX-License-Identifier: Apache-2.0

export interface Timers {
  set(callback: () => void, milliseconds: number): number;
  clear(timer: number): void;
}

export const browserTimers: Timers = {
  set: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
  clear: (timer) => window.clearTimeout(timer),
};

/** Growing pauses between attempts, spread so that many pages do not return in the same instant. */
export class Backoff {
  private attempts = 0;
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  reset(): void {
    this.attempts = 0;
  }

  next(): number {
    const pause = Math.min(250 * 2 ** this.attempts, 8000);
    this.attempts += 1;
    return pause * (0.75 + this.random() / 2);
  }
}
