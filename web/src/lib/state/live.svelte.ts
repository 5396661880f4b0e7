// SPDX-License-Identifier: Apache-2.0
import { address, api, type BerthEvent, type EventType } from '../api';
import { LiveSource } from '../live-source';
import { whileVisible } from '../while-visible';

const everyType: Record<EventType, true> = {
  instance_created: true,
  instance_queued: true,
  instance_starting: true,
  instance_running: true,
  instance_asleep: true,
  instance_stopped: true,
  instance_grace: true,
  instance_failed: true,
  instance_gone: true,
  instance_extended: true,
  instance_renamed: true,
  session_opened: true,
  session_closed: true,
  session_watched: true,
  recording_ended: true,
  recording_removed: true,
  image_preparing: true,
  image_ready: true,
  image_failed: true,
  image_removed: true,
  token_created: true,
  token_removed: true,
  login: true,
  lab_ready: true,
  lab_failed: true,
  lab_published: true,
  lab_retired: true,
  attempt_started: true,
  attempt_checked: true,
  attempt_hint: true,
  attempt_solved: true,
  attempt_stopped: true,
  attempt_resumed: true,
  attempt_leaving: true,
  attempt_ended: true,
  attempt_expired: true,
  attempt_given_up: true,
  attempt_failed: true,
  invitation_created: true,
  invitation_opened: true,
  invitation_revoked: true,
  webhook_test: true,
};

export const eventTypes = Object.keys(everyType) as EventType[];

const names = [...Object.keys(everyType), 'image_progress'];

export interface Listener {
  onEvent?(event: BerthEvent): void;
  onProgress?(data: unknown): void;
  /** There may be changes that no event told. */
  onResync?(): void;
}

/** The one stream of events of this page, handed to whoever listens. */
class Live {
  state = $state<'off' | 'connecting' | 'live' | 'lost'>('off');
  private readonly listeners = new Set<Listener>();
  private wanted = false;
  private readonly source = new LiveSource({
    names,
    open: (after) => new EventSource(address.events(after)),
    onEvent: (name, data) => this.deliver(name, data),
    onOpen: () => {
      this.state = 'live';
      for (const listener of this.listeners) listener.onResync?.();
    },
    onLost: () => {
      this.state = 'lost';
      // A stream refused for want of a sign-in does not say so; this does.
      void api.account().catch(() => {});
    },
  });

  constructor() {
    document.addEventListener('visibilitychange', () => this.follow());
  }

  start(): void {
    this.wanted = true;
    this.follow();
  }

  stop(): void {
    this.wanted = false;
    this.follow();
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Also the events of an instance of somebody else, which an administrator looks at. */
  alsoOf(instance: string): () => void {
    const source = new LiveSource({
      names: Object.keys(everyType),
      open: (after) => new EventSource(address.events(after, instance)),
      onEvent: (name, data) => this.deliver(name, data),
      onOpen: () => {
        for (const listener of this.listeners) listener.onResync?.();
      },
      onLost: () => {},
    });
    return whileVisible(source);
  }

  private follow(): void {
    if (this.wanted && document.visibilityState === 'visible') {
      if (this.state === 'off') this.state = 'connecting';
      this.source.start();
    } else {
      this.source.stop();
      this.state = 'off';
    }
  }

  private deliver(name: string, data: unknown): void {
    for (const listener of this.listeners) {
      if (name === 'image_progress') listener.onProgress?.(data);
      else listener.onEvent?.(data as BerthEvent);
    }
  }
}

export const live = new Live();
