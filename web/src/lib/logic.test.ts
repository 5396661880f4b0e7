// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { Instance, Plan, Usage } from './api';
import { Backoff } from './backoff';
import * as format from './format';
import { loginCode } from './login-code';
import { extension } from './possible';
import { asProblem, problemFrom, problemFromText } from './problem';
import { SerialFetcher } from './serial';
import { isTerminalReply } from './terminal-replies';
import { keptPoints, pointFrom, withPoint, type Point } from './usage';

const plan: Plan = {
  name: 'small',
  description: '',
  cpu_percent: 150,
  memory: 256 * 1024 * 1024,
  disk: 1536 * 1024 * 1024,
  disk_kind: 'memory',
  processes: 256,
  open_files: 1024,
  egress: 'none',
  lifetime: 3600,
  longest_lifetime: 4 * 3600,
  grace: 600,
  guests: false,
  recording: 'none',
};

describe('words and numbers', () => {
  it('sizes', () => {
    expect([0, 1023, 1536, 268435456, 1.5 * 2 ** 40].map(format.bytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '256 MiB', '1.5 TiB']);
  });

  it('durations', () => {
    expect([0, 1, 60, 3661, 5400, 86400 + 7200, 172800].map(format.duration)).toEqual([
      '0 seconds',
      '1 second',
      '1 minute',
      '1 hour 1 minute',
      '1 hour 30 minutes',
      '1 day 2 hours',
      '2 days',
    ]);
  });

  it('countdowns never go below zero', () => {
    expect([-5, 999, 65_000, 3_661_000, 90_061_000].map(format.countdown)).toEqual(['0:00', '0:01', '1:05', '1:01:01', '1 d 01:01:01']);
  });

  it('a plan', () => {
    expect(format.planWords(plan)).toEqual([
      '1.5 cores',
      '256 MiB memory',
      '1.5 GiB disk in memory',
      'no network',
      '1 hour, at most 4 hours',
    ]);
  });

  it('sentences', () => {
    expect(['there is none', 'Done!'].map(format.sentence)).toEqual(['There is none.', 'Done!']);
  });

  it('places in a queue', () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(format.ordinal)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']);
  });

  it('guesses are not told to the second', () => {
    expect([0, 44, 45, 89, 90, 150, 3540, 3599, 5400, 7200, 86400].map(format.about)).toEqual([
      'less than a minute',
      'less than a minute',
      'about a minute',
      'about a minute',
      'about 2 minutes',
      'about 3 minutes',
      'about 59 minutes',
      'about an hour',
      'about 2 hours',
      'about 2 hours',
      'a day or more',
    ]);
  });

  it('a place in the queue, with the wait only when it is known', () => {
    expect(format.queueWords({ queue_position: 3, queue_wait: 121 })).toBe('3rd in the queue, about 2 minutes');
    expect(format.queueWords({ queue_position: 1, queue_wait: 0 })).toBe('1st in the queue, less than a minute');
    expect(format.queueWords({ queue_position: 3, queue_wait: null })).toBe('3rd in the queue');
    expect(format.queueWords({ queue_position: null, queue_wait: 5 })).toBe('waiting for a place');
  });

  it('paths', () => {
    expect(format.joinPath('/root/', 'a b')).toBe('/root/a b');
    expect(format.joinPath('/', 'a')).toBe('/a');
    expect(format.joinPath('tmp', 'a')).toBe('/tmp/a');
    expect(format.downloadName('/etc/', 'tar', 'box')).toBe('etc.tar');
    expect(format.downloadName('/', 'tar', 'box')).toBe('box.tar');
    expect(format.downloadName('/etc/hosts', 'raw', 'box')).toBe('hosts');
  });
});

describe('a login link', () => {
  it('gives its code however it is pasted', () => {
    for (const pasted of ['https://berth.example/login#code=aB-3_x', ' #code=aB-3_x\n', 'code=aB-3_x', 'aB-3_x']) {
      expect(loginCode(pasted)).toBe('aB-3_x');
    }
  });

  it('is not anything else', () => {
    for (const pasted of ['', 'https://berth.example/login', 'two words']) expect(loginCode(pasted)).toBeNull();
  });
});

describe('an extension', () => {
  const instance = { state: 'running', expires_at: '2026-01-01T01:00:00Z', longest_until: '2026-01-01T04:00:00Z' } as Instance;

  it('adds the lifetime of the plan, or what is left of the longest', () => {
    expect(extension(instance, plan)).toEqual({ seconds: 3600 });
    expect(extension({ ...instance, expires_at: '2026-01-01T03:30:00Z' }, plan)).toEqual({ seconds: 1800 });
  });

  it('says why there is none', () => {
    expect(extension({ ...instance, expires_at: instance.longest_until }, plan)).toEqual({
      why: 'The plan small allows 4 hours in all; that is reached.',
    });
    expect(extension({ ...instance, longest_until: null }, plan)).toHaveProperty('why');
  });
});

describe('usage', () => {
  const reading = (second: number, cpu: number, received: number): Usage => ({
    at: new Date(second * 1000).toISOString(),
    cpu_microseconds: cpu,
    cpu_percent_limit: 100,
    memory: 5,
    memory_limit: 10,
    processes: 1,
    disk: 0,
    disk_limit: 1,
    received,
    sent: 0,
  });

  it('becomes rates between two readings', () => {
    const point = pointFrom(reading(10, 1_000_000, 0), reading(12, 2_000_000, 4096));
    expect(point).toEqual({ at: 12, cpuPercent: 50, memory: 5, received: 2048, sent: 0 });
  });

  it('has no rate at first or over a restart', () => {
    expect(pointFrom(null, reading(10, 5, 5)).cpuPercent).toBeNull();
    expect(pointFrom(reading(10, 5000, 5), reading(12, 10, 5)).cpuPercent).toBeNull();
  });

  it('is kept for a while, in order', () => {
    let points: Point[] = [];
    for (let at = 0; at < keptPoints + 10; at += 1) points = withPoint(points, { at } as Point);
    expect(points).toHaveLength(keptPoints);
    expect(withPoint(points, { at: 3 } as Point)).toBe(points);
  });
});

describe('a problem', () => {
  it('has the sentence of the answer', () => {
    const problem = problemFrom(409, { kind: 'conflict', detail: 'The image is in use.', field: 'image' });
    expect([problem.message, problem.kind, problem.field]).toEqual(['The image is in use.', 'conflict', 'image']);
  });

  it('is a sentence whatever was answered', () => {
    expect(problemFromText(502, '<html>Bad gateway</html>')).toMatchObject({ kind: 'unavailable' });
    expect(problemFromText(418, '').message).toContain('418');
    expect(asProblem(new TypeError('Failed to fetch')).kind).toBe('unavailable');
  });
});

it('pauses between attempts grow to a limit', () => {
  const backoff = new Backoff(() => 0.5);
  expect([1, 2, 3, 4, 5, 6, 7].map(() => backoff.next())).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000]);
  backoff.reset();
  expect(backoff.next()).toBe(250);
});

it('fetches of one key never overlap, and one asked for meanwhile follows', async () => {
  const order: string[] = [];
  let release = () => {};
  const fetcher = new SerialFetcher(async (key) => {
    order.push(`${key} begins`);
    await new Promise<void>((resolve) => (release = resolve));
    order.push(`${key} ends`);
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const done = fetcher.request('a');
  void fetcher.request('b');
  void fetcher.request('b');
  void fetcher.request('a');
  for (let i = 0; i < 3; i += 1) {
    await settled();
    release();
  }
  await done;
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'a begins', 'a ends']);
});

it('answers of a terminal are told from typing', () => {
  for (const reply of ['\x1b[?1;2c', '\x1b[24;80R', '\x1b[0n', '\x1b[I', '\x1bP1$r0m\x1b\\', '\x1b]11;rgb:0/0/0\x07', '\x1b[>0;276;0c']) {
    expect(isTerminalReply(reply), JSON.stringify(reply)).toBe(true);
  }
  for (const typed of ['ls\r', '\x1b[A', '\x1b[3~', '\x1b', '\x03', 'c', '\x1bOP']) {
    expect(isTerminalReply(typed), JSON.stringify(typed)).toBe(false);
  }
});
