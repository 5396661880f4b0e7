// SPDX-License-Identifier: Apache-2.0
// One session's WebSocket: output and input without loss or repetition over any number of connections.
//
// Three positions in the output: `received` is handed on, `taken` is what the terminal has processed, `acknowledged` is
// what the server was told. A new connection asks for `received`; whatever arrives again before it is skipped.

import { Backoff, browserTimers, type Timers } from './backoff';
import type { ViewerRole } from './api';
import { InputQueue } from './input-queue';

export interface Socket {
  binaryType: BinaryType;
  readonly readyState: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: { data: unknown }) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type StreamState =
  | { name: 'connecting' }
  | { name: 'attached' }
  | { name: 'waiting'; detail: string }
  | { name: 'exited'; code: number | null; signal: number | null }
  | { name: 'failed'; detail: string }
  | { name: 'gone' };

export interface Viewer {
  name: string;
  role: ViewerRole;
  self: boolean;
}

export interface Viewers {
  mayWrite: boolean;
  viewers: Viewer[];
}

export interface StreamOptions {
  /** Opens the connection that goes on at `offset`. */
  connect(offset: number): Socket;
  /** Whether the session still exists, asked before each repeated attempt. A throw means: unknown. */
  stillThere(): Promise<boolean>;
  /** Output in order. Call `taken` when it was processed; that is what lets the program go on. */
  onOutput(bytes: Uint8Array, taken: () => void): void;
  /** `missing` bytes are no longer kept by the server. */
  onGap(missing: number): void;
  onState(state: StreamState): void;
  /** Who looks at the session, and whether what is typed here counts. */
  onViewers?(viewers: Viewers): void;
  timers?: Timers;
}

const acknowledgeEvery = 32 * 1024;
const acknowledgeAfter = 1000;
// Trying again will not change these.
const finalKinds = new Set(['invalid_argument', 'unauthenticated', 'forbidden', 'not_found']);

type Fields = Partial<Record<'type' | 'offset' | 'input' | 'code' | 'signal' | 'kind' | 'detail' | 'may_write' | 'viewers', unknown>>;

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

export class SessionStream {
  private readonly options: StreamOptions;
  private readonly timers: Timers;
  private readonly backoff = new Backoff();
  private readonly encoder = new TextEncoder();
  private socket: Socket | null = null;
  private attached = false;
  private finished = false;
  private position = 0;
  private received = 0;
  private taken = 0;
  private acknowledged = 0;
  private readonly input = new InputQueue();
  private mayWrite = true;
  private size: { columns: number; rows: number } | null = null;
  private failure: { kind: string; detail: string } | null = null;
  private retryTimer: number | null = null;
  private acknowledgeTimer: number | null = null;

  constructor(options: StreamOptions) {
    this.options = options;
    this.timers = options.timers ?? browserTimers;
  }

  start(): void {
    this.connect();
  }

  /** Detaches for good; the session lives on. */
  stop(): void {
    this.finished = true;
    this.clearTimers();
    this.drop();
  }

  /** Skips the rest of a pause between two attempts. */
  retryNow(): void {
    if (this.retryTimer === null) return;
    this.timers.clear(this.retryTimer);
    this.retryTimer = null;
    void this.retry();
  }

  /** False when too much is waiting already, or the session is over; then nothing of it is sent. */
  send(input: string | Uint8Array): boolean {
    if (this.finished) return false;
    if (!this.mayWrite) return true;
    const kept = this.input.push(typeof input === 'string' ? this.encoder.encode(input) : input);
    this.sendInput();
    return kept;
  }

  resize(columns: number, rows: number): void {
    if (this.size?.columns === columns && this.size.rows === rows) return;
    this.size = { columns, rows };
    if (this.attached) this.say({ type: 'resize', ...this.size });
  }

  takeRole(role: ViewerRole): void {
    if (this.attached) this.say({ type: 'role', role });
  }

  private sendInput(): void {
    if (!this.attached) return;
    for (let bytes = this.input.next(); bytes !== null; bytes = this.input.next()) this.socket?.send(bytes);
  }

  private connect(): void {
    this.options.onState({ name: 'connecting' });
    this.failure = null;
    const socket = this.options.connect(this.received);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    const current = () => this.socket === socket;
    socket.onmessage = ({ data }) => {
      if (!current()) return;
      if (typeof data === 'string') this.onText(data);
      else if (data instanceof ArrayBuffer) this.onBinary(new Uint8Array(data));
    };
    socket.onclose = () => {
      if (current()) this.onClose();
    };
  }

  private onText(text: string): void {
    const message = parse(text);
    if (message === null) return this.drop();
    const input = typeof message.input === 'number' ? message.input : undefined;
    if (message.type === 'attached' && typeof message.offset === 'number') {
      this.onAttached(message.offset, input);
    } else if (message.type === 'taken' && input !== undefined) {
      this.input.taken(input);
      this.sendInput();
    } else if (message.type === 'viewers' && Array.isArray(message.viewers)) {
      this.onViewers(message.may_write === true, message.viewers as Viewer[]);
    } else if (message.type === 'exit') {
      this.finish({
        name: 'exited',
        code: typeof message.code === 'number' ? message.code : null,
        signal: typeof message.signal === 'number' ? message.signal : null,
      });
    } else if (message.type === 'error') {
      this.failure = {
        kind: String(message.kind),
        detail: typeof message.detail === 'string' ? message.detail : 'The terminal was closed by Berth.',
      };
    }
  }

  private onViewers(mayWrite: boolean, viewers: Viewer[]): void {
    const again = mayWrite && !this.mayWrite;
    this.mayWrite = mayWrite;
    if (!mayWrite) this.input.refused();
    if (again && this.size !== null) this.say({ type: 'resize', ...this.size });
    this.options.onViewers?.({ mayWrite, viewers });
  }

  private onAttached(offset: number, input: number | undefined): void {
    // Again on the same connection: the bytes up to here are no longer kept.
    const again = this.attached;
    this.attached = true;
    this.backoff.reset();
    this.position = offset;
    if (offset > this.received) {
      this.options.onGap(offset - this.received);
      this.received = offset;
    }
    if (again) return;
    this.options.onState({ name: 'attached' });
    if (this.size !== null) this.say({ type: 'resize', ...this.size });
    if (this.taken > 0) this.acknowledge();
    this.input.attached(input);
    this.sendInput();
  }

  private onBinary(message: Uint8Array): void {
    if (!this.attached || message.length === 0) return this.drop();
    const from = this.position;
    this.position += message.length - 1;
    const known = Math.max(0, this.received - from);
    if (known >= message.length - 1) return;
    this.received = this.position;
    const end = this.position;
    this.options.onOutput(message.subarray(1 + known), () => this.onTaken(end));
  }

  private onTaken(end: number): void {
    this.taken = Math.max(this.taken, end);
    if (this.taken - this.acknowledged >= acknowledgeEvery) {
      this.acknowledge();
    } else if (this.acknowledgeTimer === null && this.taken > this.acknowledged) {
      this.acknowledgeTimer = this.timers.set(() => {
        this.acknowledgeTimer = null;
        this.acknowledge();
      }, acknowledgeAfter);
    }
  }

  private acknowledge(): void {
    if (!this.attached) return;
    this.acknowledged = this.taken;
    this.say({ type: 'ack', offset: this.taken });
  }

  private say(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private onClose(): void {
    this.socket = null;
    this.attached = false;
    if (this.finished) return;
    if (this.failure !== null && finalKinds.has(this.failure.kind)) {
      return this.finish({ name: 'failed', detail: this.failure.detail });
    }
    this.options.onState({ name: 'waiting', detail: this.failure?.detail ?? 'The connection was lost.' });
    this.retryTimer = this.timers.set(() => {
      this.retryTimer = null;
      void this.retry();
    }, this.backoff.next());
  }

  private async retry(): Promise<void> {
    let there = true;
    try {
      there = await this.options.stillThere();
    } catch {
      // Not even that can be asked: the next attempt will tell.
    }
    if (this.finished || this.socket !== null) return;
    if (there) this.connect();
    else this.finish({ name: 'gone' });
  }

  private finish(state: StreamState): void {
    this.finished = true;
    this.clearTimers();
    this.acknowledge();
    this.drop();
    this.options.onState(state);
  }

  /** Closes a connection we are done with or that broke the protocol. */
  private drop(): void {
    this.attached = false;
    const socket = this.socket;
    if (this.finished) this.socket = null;
    socket?.close();
  }

  private clearTimers(): void {
    if (this.retryTimer !== null) this.timers.clear(this.retryTimer);
    if (this.acknowledgeTimer !== null) this.timers.clear(this.acknowledgeTimer);
    this.retryTimer = null;
    this.acknowledgeTimer = null;
  }
}
