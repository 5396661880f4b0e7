// SPDX-License-Identifier: Apache-2.0
import { address } from '../api';
import { joinPath } from '../format';
import { asProblem } from '../problem';
import { upload, type Upload } from '../upload';

export interface Item {
  key: number;
  name: string;
  path: string;
  size: number;
  sent: number;
  state: 'waiting' | 'sending' | 'done' | 'failed';
  detail: string;
}

/** Files on their way into one instance, one after the other. */
export class Uploads {
  items = $state<Item[]>([]);
  private readonly instance: string;
  private readonly files = new Map<number, File>();
  private current: { key: number; upload: Upload } | null = null;
  private keys = 0;

  constructor(instance: string) {
    this.instance = instance;
  }

  add(files: Iterable<File>, folder: string): void {
    for (const file of files) {
      this.keys += 1;
      this.files.set(this.keys, file);
      this.items.push({
        key: this.keys,
        name: file.name,
        path: joinPath(folder, file.name),
        size: file.size,
        sent: 0,
        state: 'waiting',
        detail: '',
      });
    }
    void this.next();
  }

  retry(key: number): void {
    const item = this.item(key);
    if (!item) return;
    item.state = 'waiting';
    item.sent = 0;
    void this.next();
  }

  /** Stops it if it runs, and takes it off the list. */
  dismiss(key: number): void {
    const running = this.current?.key === key ? this.current.upload : null;
    this.items = this.items.filter((item) => item.key !== key);
    this.files.delete(key);
    running?.cancel();
  }

  private item(key: number): Item | undefined {
    return this.items.find((item) => item.key === key);
  }

  private async next(): Promise<void> {
    const item = this.items.find((one) => one.state === 'waiting');
    const file = item && this.files.get(item.key);
    if (!item || !file || this.current !== null) return;
    item.state = 'sending';
    const running = upload(address.files(this.instance, item.path, 'raw'), file, (sent) => {
      item.sent = Math.min(sent, item.size);
    });
    this.current = { key: item.key, upload: running };
    try {
      await running.done;
      item.sent = item.size;
      item.state = 'done';
      this.files.delete(item.key);
    } catch (thrown) {
      item.state = 'failed';
      item.detail = asProblem(thrown).message;
    }
    this.current = null;
    void this.next();
  }
}
