// SPDX-License-Identifier: Apache-2.0
import { beforeEach, expect, it } from 'vitest';
import { Refresher } from './refresher';

let time: number;
let timer: { at: number; callback: () => void } | null;
let fetched: number[];
let answer: () => void;
let refresher: Refresher;

beforeEach(() => {
  time = 0;
  timer = null;
  fetched = [];
  refresher = new Refresher({
    fetch: () => {
      fetched.push(time);
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    least: 1000,
    every: 5000,
    timers: {
      set: (callback, milliseconds) => {
        timer = { at: time + milliseconds, callback };
        return 1;
      },
      clear: () => {
        timer = null;
      },
    },
    now: () => time,
  });
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function until(end: number, answering = true) {
  while (timer !== null && timer.at <= end) {
    const due: { at: number; callback: () => void } = timer;
    time = due.at;
    timer = null;
    due.callback();
    if (answering) answer();
    await settled();
  }
  time = end;
}

it('it fetches at once and then after every pause', async () => {
  refresher.start();
  await until(11_000);
  expect(fetched).toEqual([0, 5000, 10_000]);
});

it('many hints at once are one fetch, and never more than one a second', async () => {
  refresher.start();
  await until(100);
  for (let count = 0; count < 50; count += 1) refresher.hint();
  await until(1500);
  refresher.hint();
  await until(3000);
  expect(fetched).toEqual([0, 1000, 2000]);
});

it('a hint while it fetches is not lost, and there are never two fetches at once', async () => {
  refresher.start();
  await until(0, false);
  time = 3000;
  refresher.hint();
  expect(timer).toBeNull();
  answer();
  await settled();
  await until(3000);
  expect(fetched).toEqual([0, 3000]);
});

it('stopped it asks nothing, started again it does at once', async () => {
  refresher.start();
  await until(100);
  refresher.stop();
  refresher.hint();
  await until(60_000);
  expect(fetched).toEqual([0]);
  refresher.start();
  await until(60_000);
  expect(fetched).toEqual([0, 60_000]);
});
