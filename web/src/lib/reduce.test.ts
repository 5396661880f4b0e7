// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import type { BerthEvent, Image, Instance } from './api';
import { mergeEvents } from './merge-events';
import { reduceInstances, reduceProgress, withInstance } from './reduce';

const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  id,
  name: id,
  account: 'a',
  image: 'debian',
  plan: 'small',
  state: 'running',
  reason: null,
  queue_position: null,
  queue_wait: null,
  created_at: '2026-01-01T00:00:00Z',
  started_at: null,
  expires_at: null,
  gone_at: null,
  longest_until: null,
  recording: 'none',
  ...more,
});

const event = (type: BerthEvent['type'], more: Partial<BerthEvent> = {}): BerthEvent => ({
  sequence: 1,
  type,
  at: '2026-01-01T00:00:00Z',
  account: 'a',
  instance: 'one',
  image: null,
  attempt: null,
  lab: null,
  verdict: null,
  detail: '',
  ...more,
});

it('an event changes the state at once and asks for the rest', () => {
  const { instances, stale } = reduceInstances([instance('one'), instance('two')], event('instance_stopped'));
  expect(instances.map((one) => one.state)).toEqual(['stopped', 'running']);
  expect(stale).toBe('one');
});

it('an instance that leaves the queue has no position in it any more', () => {
  const queued = instance('one', { state: 'queued', queue_position: 2, queue_wait: 90 });
  expect(reduceInstances([queued], event('instance_queued')).instances[0]!.queue_position).toBe(2);
  expect(reduceInstances([queued], event('instance_starting')).instances[0]).toMatchObject({ queue_position: null, queue_wait: null });
});

it('an unknown instance is fetched, unless it is gone', () => {
  expect(reduceInstances([], event('instance_created'))).toEqual({ instances: [], stale: 'one' });
  expect(reduceInstances([], event('instance_gone')).stale).toBeNull();
});

it('a longer lease or a new name changes no state but is fetched', () => {
  const { instances, stale } = reduceInstances([instance('one')], event('instance_extended'));
  expect(instances[0]!.state).toBe('running');
  expect(stale).toBe('one');
});

it('events about sessions, images and tokens leave instances alone', () => {
  for (const type of ['session_opened', 'token_created', 'image_ready'] as const) {
    expect(reduceInstances([instance('one')], event(type)).stale).toBeNull();
  }
});

it('a fetched instance takes its place, newest first', () => {
  const older = instance('older', { created_at: '2026-01-01T00:00:00Z' });
  const newer = instance('newer', { created_at: '2026-01-02T00:00:00Z' });
  expect(withInstance([older], newer).map((one) => one.id)).toEqual(['newer', 'older']);
  expect(withInstance([newer, older], { ...older, name: 'changed' }).map((one) => one.name)).toEqual(['newer', 'changed']);
});

it('progress with numbers is shown, without them fetched', () => {
  const image = { name: 'debian', state: 'preparing', progress: 0.1, note: 'a' } as Image;
  expect(reduceProgress([image], { image: 'debian', progress: 0.4, note: 'b' })).toEqual({
    images: [{ ...image, progress: 0.4, note: 'b' }],
    stale: null,
  });
  expect(reduceProgress([image], { image: 'debian' }).stale).toBe('debian');
  expect(reduceProgress([image], { image: 'new', progress: 0.4 }).stale).toBe('new');
  expect(reduceProgress([image], null).stale).toBeNull();
});

it('events are shown once and in order, stored or live', () => {
  const one = event('login', { sequence: 1 });
  const two = event('login', { sequence: 2 });
  const three = event('login', { sequence: 3 });
  expect(mergeEvents([one, three], [three, two]).map((each) => each.sequence)).toEqual([1, 2, 3]);
});
