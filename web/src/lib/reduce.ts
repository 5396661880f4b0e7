// SPDX-License-Identifier: Apache-2.0
// What an event means for what the page shows. An event says that something changed, not every field of it, so besides
// the new state the caller learns what to fetch again.

import type { BerthEvent, EventType, Image, Instance, InstanceState } from './api';

const stateAfter: Partial<Record<EventType, InstanceState>> = {
  instance_queued: 'queued',
  instance_starting: 'starting',
  instance_running: 'running',
  instance_asleep: 'asleep',
  instance_stopped: 'stopped',
  instance_grace: 'grace',
  instance_failed: 'failed',
  instance_gone: 'gone',
};

export interface Reduced {
  instances: Instance[];
  /** The instance to fetch, if any. */
  stale: string | null;
}

export function reduceInstances(instances: Instance[], event: BerthEvent): Reduced {
  if (event.instance === null || !event.type.startsWith('instance_')) return { instances, stale: null };
  const id = event.instance;
  const state = stateAfter[event.type];
  if (!instances.some((instance) => instance.id === id)) {
    return { instances, stale: state === 'gone' ? null : id };
  }
  if (state === undefined) return { instances, stale: id };
  return {
    instances: instances.map((instance) =>
      instance.id === id
        ? { ...instance, state, ...(state === 'queued' ? {} : { queue_position: null, queue_wait: null }) }
        : instance,
    ),
    stale: id,
  };
}

/** Puts a fetched instance in its place: newest first. */
export function withInstance(instances: Instance[], fetched: Instance): Instance[] {
  if (instances.some((instance) => instance.id === fetched.id)) {
    return instances.map((instance) => (instance.id === fetched.id ? fetched : instance));
  }
  return [...instances, fetched].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
}

/** `image_progress` may carry the image's new numbers; then nothing needs to be fetched. */
export function reduceProgress(images: Image[], data: unknown): { images: Image[]; stale: string | null } {
  if (data === null || typeof data !== 'object') return { images, stale: null };
  const fields = data as Record<string, unknown>;
  const name = typeof fields.image === 'string' ? fields.image : fields.name;
  if (typeof name !== 'string') return { images, stale: null };
  const progress = fields.progress;
  if (typeof progress !== 'number' || !images.some((image) => image.name === name)) return { images, stale: name };
  const note = typeof fields.note === 'string' ? fields.note : fields.detail;
  return {
    images: images.map((image) =>
      image.name === name ? { ...image, progress, note: typeof note === 'string' ? note : image.note } : image,
    ),
    stale: null,
  };
}

export function withImage(images: Image[], fetched: Image): Image[] {
  return images.some((image) => image.name === fetched.name)
    ? images.map((image) => (image.name === fetched.name ? fetched : image))
    : [...images, fetched];
}
