// SPDX-License-Identifier: Apache-2.0

/**
 * Fetches things by key, one after the other, so that an older answer never overwrites a newer one. A key asked for
 * again while it is fetched is fetched once more; asked for while it waits, only once.
 */
export class SerialFetcher {
  private readonly fetch: (key: string) => Promise<void>;
  private readonly waiting = new Set<string>();
  private run: Promise<void> | null = null;

  constructor(fetch: (key: string) => Promise<void>) {
    this.fetch = fetch;
  }

  /** Resolves when everything asked for so far is there. `fetch` has to keep its failures itself. */
  request(key: string): Promise<void> {
    this.waiting.add(key);
    this.run ??= this.drain().finally(() => {
      this.run = null;
    });
    return this.run;
  }

  private async drain(): Promise<void> {
    for (let key = this.next(); key !== undefined; key = this.next()) await this.fetch(key);
  }

  private next(): string | undefined {
    const [key] = this.waiting;
    if (key !== undefined) this.waiting.delete(key);
    return key;
  }
}
