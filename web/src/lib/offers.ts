// SPDX-License-Identifier: Apache-2.0
// Words and numbers of services and pools.

import type { Pool, Service } from './api';

/** The host to connect to: of a service that listens everywhere, the one that this page came from. */
export function reachable(address: string, pageHost: string): string {
  return ['', '0.0.0.0', '::', '*'].includes(bare(address)) ? bare(pageHost) : bare(address);
}

const bare = (host: string) => host.replace(/^\[(.*)\]$/, '$1');

export function netcat(service: Pick<Service, 'address' | 'port'>, pageHost: string): string {
  return `nc ${reachable(service.address, pageHost)} ${service.port}`;
}

export const modeWords: Record<Service['mode'], string> = {
  per_connection: 'an instance for each connection',
  token: 'an instance for each token',
};

export interface Count {
  name: string;
  value: number;
  /** It should not be: worth a look when it is not 0. */
  bad: boolean;
}

/** What became of those who came. */
export function countsOf(service: Service): Count[] {
  return [
    { name: 'Visits', value: service.visits, bad: false },
    { name: 'Ended to make room', value: service.evicted, bad: false },
    { name: 'Got no instance', value: service.failed, bad: true },
  ];
}

/** Who was not let in. */
export function refusalsOf(service: Service): Count[] {
  return [
    { name: 'Address not allowed', value: service.denied, bad: true },
    { name: 'Too many at once', value: service.too_many, bad: true },
    { name: 'Wrong token', value: service.wrong_tokens, bad: true },
    { name: 'Wrong proof of work', value: service.wrong_proofs, bad: true },
  ];
}

/** What a reset would end, as a sentence. */
export function resetWords(service: Pick<Service, 'instances' | 'connections'>): string {
  const many = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  if (service.instances === 0) return 'It has no instance now. Whoever connects next gets a fresh one anyway.';
  const ended = service.instances === 1 ? 'Its instance ends' : `All ${service.instances} of its instances end`;
  const cut = service.connections === 0 ? '' : ` and ${many(service.connections, 'connection')} with ${service.instances === 1 ? 'it' : 'them'}`;
  return `${ended}${cut}. Whoever connects next gets a fresh one.`;
}

export const sourceWords: Record<Service['source'], string> = {
  configuration: 'from the configuration',
  api: 'made by API',
};

/** What a removal would end, as a sentence. */
export function removeWords(service: Pick<Service, 'instances' | 'connections'>): string {
  if (service.instances === 0 && service.connections === 0) return 'Nobody reaches it any more. Nothing runs in it now.';
  return 'Nobody reaches it any more. Its instances and connections end.';
}

/** Parts of a pool as shares of its scale, 0 to 1. */
export interface Gauge {
  scale: number;
  ready: number;
  making: number;
  least: number;
  wanted: number;
}

export function gaugeOf(pool: Pick<Pool, 'ready' | 'making' | 'wanted' | 'least' | 'most'>): Gauge {
  const scale = Math.max(pool.most, pool.least, pool.wanted, pool.ready + pool.making, 1);
  return {
    scale,
    ready: pool.ready / scale,
    making: pool.making / scale,
    least: pool.least / scale,
    wanted: pool.wanted / scale,
  };
}

/** "2 of 4 ready, 1 being made". */
export function readyWords(pool: Pick<Pool, 'ready' | 'making' | 'wanted'>): string {
  return `${pool.ready} of ${pool.wanted} ready${pool.making > 0 ? `, ${pool.making} being made` : ''}`;
}

export function rangeWords(pool: Pick<Pool, 'least' | 'most'>): string {
  if (pool.most <= pool.least) return `always ${pool.least}`;
  return `${pool.least} to ${pool.most}, as demand asks`;
}
