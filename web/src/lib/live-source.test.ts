// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, it } from 'vitest';
import { LiveSource, type Source } from './live-source';

class FakeSource implements Source {
  onopen: Source['onopen'] = null;
  onerror: Source['onerror'] = null;
  closed = false;
  readonly after: string | null;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();

  constructor(after: string | null) {
    this.after = after;
  }

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  emit(type: string, data: string, lastEventId = ''): void {
    this.listeners.get(type)?.({ data, lastEventId } as MessageEvent<string>);
  }
}

let sources: FakeSource[];
let got: [string, unknown][];
let opened: number;
let waiting: (() => void)[];
let live: LiveSource;

const source = () => sources.at(-1)!;

beforeEach(() => {
  sources = [];
  got = [];
  opened = 0;
  waiting = [];
  live = new LiveSource({
    names: ['login', 'image_progress'],
    open: (after) => {
      sources.push(new FakeSource(after));
      return source();
    },
    onEvent: (name, data) => got.push([name, data]),
    onOpen: () => (opened += 1),
    onLost: () => {},
    timers: {
      set: (callback) => waiting.push(callback) - 1,
      clear: (timer) => delete waiting[timer],
    },
  });
  live.start();
});

it('starts now, without an id to go on from', () => {
  expect(source().after).toBeNull();
});

it('goes on behind the last event after a lost connection, and says that it is open again', () => {
  source().onopen?.(undefined as never);
  source().emit('login', '{"sequence":7}', '7');
  source().emit('image_progress', '{"progress":0.5}');
  source().onerror?.(undefined as never);
  expect(source().closed).toBe(true);
  waiting.forEach((callback) => callback());
  expect(sources).toHaveLength(2);
  // An event without an id of its own does not lose the place.
  expect(source().after).toBe('7');
  source().onopen?.(undefined as never);
  expect(opened).toBe(2);
  expect(got).toEqual([
    ['login', { sequence: 7 }],
    ['image_progress', { progress: 0.5 }],
  ]);
});

it('ignores what is not JSON', () => {
  source().emit('login', 'nonsense', '3');
  expect(got).toEqual([]);
});

it('does not come back once stopped, and goes on when started', () => {
  source().emit('login', '{}', '4');
  source().onerror?.(undefined as never);
  live.stop();
  waiting.forEach((callback) => callback());
  expect(sources).toHaveLength(1);
  live.start();
  expect(source().after).toBe('4');
});
