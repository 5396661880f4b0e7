// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from 'vitest';
import type { Timers } from './backoff';
import { SessionStream, type Socket, type StreamState } from './session-stream';

class FakeSocket implements Socket {
  binaryType: BinaryType = 'blob';
  readyState = 1;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly said: Record<string, unknown>[] = [];
  input = '';
  messages = 0;
  closed = false;
  readonly offset: number;

  constructor(offset: number) {
    this.offset = offset;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (typeof data === 'string') {
      this.said.push(JSON.parse(data) as Record<string, unknown>);
    } else {
      this.messages += 1;
      this.input += new TextDecoder().decode(data);
    }
  }

  close(): void {
    this.closed = true;
  }

  text(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  output(text: string, stream = 1): void {
    const bytes = new Uint8Array([stream, ...new TextEncoder().encode(text)]);
    this.onmessage?.({ data: bytes.buffer });
  }

  lose(): void {
    this.onclose?.(undefined as never);
  }

  get acknowledged(): unknown[] {
    return this.said.filter((message) => message.type === 'ack').map((message) => message.offset);
  }
}

class FakeTimers implements Timers {
  private next = 1;
  readonly waiting = new Map<number, () => void>();

  set(callback: () => void): number {
    this.waiting.set(this.next, callback);
    return this.next++;
  }

  clear(timer: number): void {
    this.waiting.delete(timer);
  }

  /** Runs what waits, and lets promises settle. */
  async fire(): Promise<void> {
    const callbacks = [...this.waiting.values()];
    this.waiting.clear();
    for (const callback of callbacks) callback();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let sockets: FakeSocket[];
let states: StreamState[];
let gaps: number[];
let shown: string;
let unprocessed: (() => void)[];
let timers: FakeTimers;
let there: () => Promise<boolean>;
let stream: SessionStream;

const socket = () => sockets.at(-1)!;
const processAll = () => unprocessed.splice(0).forEach((taken) => taken());

beforeEach(() => {
  sockets = [];
  states = [];
  gaps = [];
  shown = '';
  unprocessed = [];
  timers = new FakeTimers();
  there = () => Promise.resolve(true);
  stream = new SessionStream({
    connect: (offset) => {
      sockets.push(new FakeSocket(offset));
      return socket();
    },
    stillThere: () => there(),
    onOutput: (bytes, taken) => {
      shown += new TextDecoder().decode(bytes);
      unprocessed.push(taken);
    },
    onGap: (missing) => gaps.push(missing),
    onState: (state) => states.push(state),
    timers,
  });
  stream.start();
});

describe('output', () => {
  it('goes on after a lost connection at the offset reached', async () => {
    expect(socket().offset).toBe(0);
    expect(socket().binaryType).toBe('arraybuffer');
    socket().text({ type: 'attached', offset: 0 });
    socket().output('one ');
    socket().output('two ', 2);
    socket().lose();
    expect(states.at(-1)!.name).toBe('waiting');
    await timers.fire();
    expect(sockets).toHaveLength(2);
    expect(socket().offset).toBe(8);
    socket().text({ type: 'attached', offset: 8 });
    socket().output('three');
    expect(shown).toBe('one two three');
  });

  it('is not shown twice when the server begins before the offset asked for', async () => {
    socket().text({ type: 'attached', offset: 0 });
    socket().output('abcdef');
    socket().lose();
    await timers.fire();
    socket().text({ type: 'attached', offset: 2 });
    socket().output('cd');
    socket().output('efgh');
    expect(shown).toBe('abcdefgh');
  });

  it('tells of bytes that are no longer kept and goes on behind them', async () => {
    socket().text({ type: 'attached', offset: 0 });
    socket().output('abc');
    socket().lose();
    await timers.fire();
    socket().text({ type: 'attached', offset: 10 });
    expect(gaps).toEqual([7]);
    socket().output('xyz');
    socket().lose();
    await timers.fire();
    expect(socket().offset).toBe(13);
    expect(shown).toBe('abcxyz');
  });

  it('goes on when the server loses bytes while attached, and sends no input anew', () => {
    socket().text({ type: 'attached', offset: 0, input: 0 });
    stream.send('abc');
    socket().text({ type: 'attached', offset: 50, input: 0 });
    socket().output('xyz');
    expect(gaps).toEqual([50]);
    expect(shown).toBe('xyz');
    expect(socket().input).toBe('abc');
  });

  it('ignores what an abandoned connection still delivers', async () => {
    const old = socket();
    old.text({ type: 'attached', offset: 0 });
    old.output('abc');
    old.lose();
    await timers.fire();
    socket().text({ type: 'attached', offset: 3 });
    old.output('stale');
    old.lose();
    expect(states.at(-1)!.name).toBe('attached');
    socket().output('def');
    expect(shown).toBe('abcdef');
  });

  it('before the attachment breaks the protocol: the connection is dropped, the bytes are not shown', async () => {
    socket().output('early');
    expect(socket().closed).toBe(true);
    expect(shown).toBe('');
    socket().lose();
    await timers.fire();
    expect(sockets).toHaveLength(2);
  });
});

describe('acknowledgement', () => {
  const half = 'x'.repeat(16 * 1024);

  it('waits until the terminal has processed the bytes', () => {
    socket().text({ type: 'attached', offset: 0 });
    socket().output(half);
    socket().output(half);
    expect(socket().acknowledged).toEqual([]);
    processAll();
    expect(socket().acknowledged).toEqual([32 * 1024]);
  });

  it('comes at least every 64 KiB', () => {
    socket().text({ type: 'attached', offset: 0 });
    for (let piece = 0; piece < 32; piece += 1) {
      socket().output(half);
      processAll();
    }
    const offsets = [0, ...(socket().acknowledged as number[])];
    expect(offsets.at(-1)).toBe(32 * 16 * 1024);
    for (let i = 1; i < offsets.length; i += 1) expect(offsets[i]! - offsets[i - 1]!).toBeLessThanOrEqual(64 * 1024);
  });

  it('comes after a pause for less', async () => {
    socket().text({ type: 'attached', offset: 0 });
    socket().output('little');
    processAll();
    expect(socket().acknowledged).toEqual([]);
    await timers.fire();
    expect(socket().acknowledged).toEqual([6]);
  });

  it('is repeated on a new connection', async () => {
    socket().text({ type: 'attached', offset: 0 });
    socket().output('abc');
    processAll();
    socket().lose();
    await timers.fire();
    socket().text({ type: 'attached', offset: 3 });
    expect(socket().acknowledged).toEqual([3]);
  });
});

describe('input', () => {
  it('typed without a connection is sent in order once there is one', () => {
    stream.send('ls');
    stream.send(' -l\n');
    expect(socket().input).toBe('');
    socket().text({ type: 'attached', offset: 0 });
    expect(socket().input).toBe('ls -l\n');
  });

  it('is refused, not kept without limit, while there is no connection', () => {
    expect(stream.send('x'.repeat(1024 * 1024))).toBe(true);
    expect(stream.send('y')).toBe(false);
  });

  it('is cut into messages of a modest size', () => {
    socket().text({ type: 'attached', offset: 0 });
    stream.send('ä'.repeat(50_000));
    expect(socket().messages).toBe(7);
    expect(socket().input).toBe('ä'.repeat(50_000));
  });

  it('waits while too much of it is on the way', () => {
    socket().text({ type: 'attached', offset: 0, input: 0 });
    stream.send('x'.repeat(500_000));
    expect(socket().input.length).toBeLessThanOrEqual(256 * 1024);
    let taken = 0;
    while (taken < socket().input.length) {
      taken = socket().input.length;
      socket().text({ type: 'taken', input: taken });
    }
    expect(taken).toBe(500_000);
  });

  it('that was on the way at a lost connection is sent again, that taken is not', async () => {
    socket().text({ type: 'attached', offset: 0, input: 100 });
    stream.send('abc');
    stream.send('def');
    socket().text({ type: 'taken', input: 102 });
    socket().lose();
    stream.send('ghi');
    await timers.fire();
    socket().text({ type: 'attached', offset: 0, input: 104 });
    expect(socket().input).toBe('efghi');
    socket().text({ type: 'taken', input: 109 });
    socket().lose();
    await timers.fire();
    socket().text({ type: 'attached', offset: 0, input: 109 });
    expect(socket().input).toBe('');
  });

  it('of somebody else too: what was on the way is not typed twice', async () => {
    socket().text({ type: 'attached', offset: 0, input: 0 });
    stream.send('abc');
    socket().text({ type: 'taken', input: 7 });
    stream.send('def');
    socket().lose();
    stream.send('ghi');
    await timers.fire();
    socket().text({ type: 'attached', offset: 0, input: 8 });
    expect(socket().input).toBe('ghi');
  });
});

describe('size', () => {
  it('is told once attached, again on each connection, and only when it changes', async () => {
    stream.resize(100, 30);
    expect(socket().said).toEqual([]);
    socket().text({ type: 'attached', offset: 0 });
    stream.resize(100, 30);
    expect(socket().said).toEqual([{ type: 'resize', columns: 100, rows: 30 }]);
    socket().lose();
    await timers.fire();
    socket().text({ type: 'attached', offset: 0 });
    expect(socket().said).toEqual([{ type: 'resize', columns: 100, rows: 30 }]);
  });
});

describe('the end', () => {
  it('of the program ends the stream', async () => {
    socket().text({ type: 'attached', offset: 0 });
    socket().text({ type: 'exit', code: 3 });
    expect(states.at(-1)).toEqual({ name: 'exited', code: 3, signal: null });
    socket().lose();
    await timers.fire();
    expect(sockets).toHaveLength(1);
    expect(stream.send('x')).toBe(false);
  });

  it('is final for an error that will not go away', async () => {
    socket().text({ type: 'error', kind: 'not_found', detail: 'There is no such session.' });
    socket().lose();
    await timers.fire();
    expect(states.at(-1)).toEqual({ name: 'failed', detail: 'There is no such session.' });
    expect(sockets).toHaveLength(1);
  });

  it('is not yet there for an error that may pass', async () => {
    socket().text({ type: 'error', kind: 'unavailable', detail: 'Berth is restarting.' });
    socket().lose();
    expect(states.at(-1)).toEqual({ name: 'waiting', detail: 'Berth is restarting.' });
    await timers.fire();
    expect(sockets).toHaveLength(2);
  });

  it('comes when the session is no longer listed', async () => {
    there = () => Promise.resolve(false);
    socket().lose();
    await timers.fire();
    expect(states.at(-1)!.name).toBe('gone');
    expect(sockets).toHaveLength(1);
  });

  it('does not come when that cannot be asked', async () => {
    there = () => Promise.reject(new Error('no connection'));
    socket().lose();
    await timers.fire();
    expect(sockets).toHaveLength(2);
  });

  it('of the view leaves nothing running', async () => {
    socket().lose();
    stream.stop();
    expect(timers.waiting.size).toBe(0);
    await timers.fire();
    expect(sockets).toHaveLength(1);
  });

  it('of a pause can be asked for', async () => {
    socket().lose();
    stream.retryNow();
    await timers.fire();
    expect(sockets).toHaveLength(2);
  });
});
