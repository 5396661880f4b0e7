// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { gaugeOf, netcat, rangeWords, readyWords, removeWords, resetWords } from './offers';

it('a service that listens everywhere is reached where the page is', () => {
  expect(netcat({ address: '192.0.2.7', port: 1337 }, 'berth.example')).toBe('nc 192.0.2.7 1337');
  for (const address of ['0.0.0.0', '::', '[::]', '']) expect(netcat({ address, port: 7 }, 'berth.example')).toBe('nc berth.example 7');
  expect(netcat({ address: '::', port: 7 }, '[2001:db8::1]')).toBe('nc 2001:db8::1 7');
});

it('a reset says what it ends', () => {
  expect(resetWords({ instances: 0, connections: 0 })).toMatch(/^It has no instance now\./);
  expect(resetWords({ instances: 1, connections: 1 })).toMatch(/^Its instance ends and 1 connection with it\./);
  expect(resetWords({ instances: 3, connections: 4 })).toMatch(/^All 3 of its instances end and 4 connections with them\./);
  expect(resetWords({ instances: 2, connections: 0 })).toMatch(/^All 2 of its instances end\./);
});

it('a removal says what it ends', () => {
  expect(removeWords({ instances: 0, connections: 0 })).toMatch(/Nothing runs in it now\.$/);
  expect(removeWords({ instances: 2, connections: 1 })).toMatch(/Its instances and connections end\.$/);
});

it('the gauge of a pool has room for all there is', () => {
  expect(gaugeOf({ ready: 2, making: 1, wanted: 4, least: 2, most: 8 })).toEqual({ scale: 8, ready: 0.25, making: 0.125, least: 0.25, wanted: 0.5 });
  expect(gaugeOf({ ready: 9, making: 1, wanted: 2, least: 2, most: 8 }).scale).toBe(10);
  expect(gaugeOf({ ready: 0, making: 0, wanted: 0, least: 0, most: 0 })).toEqual({ scale: 1, ready: 0, making: 0, least: 0, wanted: 0 });
});

it('a pool in words', () => {
  expect(readyWords({ ready: 2, making: 0, wanted: 4 })).toBe('2 of 4 ready');
  expect(readyWords({ ready: 2, making: 1, wanted: 4 })).toBe('2 of 4 ready, 1 being made');
  expect(rangeWords({ least: 2, most: 20 })).toBe('2 to 20, as demand asks');
  expect(rangeWords({ least: 2, most: 2 })).toBe('always 2');
});
