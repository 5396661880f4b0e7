// SPDX-License-Identifier: Apache-2.0

const mostKept = 1024 * 1024;
const mostOnTheWay = 128 * 1024;
const largestMessage = 16 * 1024;

/**
 * Input of one session that the program has not taken yet. The server counts the input it took, of all viewers; as long
 * as nobody else writes, that tells exactly what has to be sent again over a new connection. As soon as somebody does,
 * what was on the way at a lost connection is not repeated: rather lost than typed twice.
 */
export class InputQueue {
  private kept: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** The server's count at the first kept byte; not known before the first connection. */
  private start: number | null = null;
  /** How many of the kept bytes are on their way. */
  private sent = 0;
  private shared = false;

  /** False when that is more than is kept; then nothing of it is. */
  push(bytes: Uint8Array): boolean {
    if (this.kept.length + bytes.length > mostKept) return false;
    const joined = new Uint8Array(this.kept.length + bytes.length);
    joined.set(this.kept);
    joined.set(bytes, this.kept.length);
    this.kept = joined;
    return true;
  }

  /** A connection is there; the server has taken `input` so far (undefined: it does not say). */
  attached(input: number | undefined): void {
    if (this.start !== null) this.settle(input);
    if (this.shared || input === undefined) this.drop(this.sent);
    this.sent = 0;
    if (input !== undefined) this.start = input;
  }

  /** Another hand is on the terminal: what was typed is not for later. */
  refused(): void {
    this.kept = this.kept.slice(this.kept.length);
    this.sent = 0;
  }

  taken(input: number): void {
    this.settle(input);
  }

  /** The next message to send, if there is one and it may be sent now. */
  next(): Uint8Array<ArrayBuffer> | null {
    const length = Math.min(this.kept.length - this.sent, largestMessage, mostOnTheWay - this.sent);
    if (length <= 0) return null;
    if (this.start === null) {
      // A server that does not count: sent is all that can be known.
      const message = this.kept.subarray(0, length);
      this.kept = this.kept.slice(length);
      return message;
    }
    this.sent += length;
    return this.kept.subarray(this.sent - length, this.sent);
  }

  private settle(input: number | undefined): void {
    if (input === undefined || this.start === null) return;
    const mine = input - this.start;
    if (mine > this.sent || mine < 0) {
      this.shared = true;
      this.drop(this.sent);
    } else {
      this.drop(mine);
    }
    this.start = input;
  }

  private drop(count: number): void {
    this.kept = this.kept.slice(count);
    this.sent -= Math.min(this.sent, count);
  }
}
