// SPDX-License-Identifier: Apache-2.0
import type { BerthEvent, Instance, InstanceState, Plan, Scope, Session } from './api';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`;
}

export function rate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond)}/s`;
}

const spans: [number, string][] = [
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** "1 hour", "1 hour 30 minutes", "2 days": the two largest parts. */
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [length, name] of spans) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.length === 0 ? '0 seconds' : parts.join(' ');
}

/** "1:02:09" or "12:05", for something that ticks. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}`;
}

/** The time of day, with the date when that is another day. */
export function moment(iso: string, now: number): string {
  const date = new Date(iso);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' })}, ${time}`;
}

export function ago(iso: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(iso)) / 1000);
  if (seconds < 60) return 'just now';
  const [length, name] = spans.find(([span]) => seconds >= span) ?? [60, 'minute'];
  const count = Math.floor(seconds / length);
  return `${count} ${name}${count === 1 ? '' : 's'} ago`;
}

export function cores(percent: number): string {
  if (percent < 100) return `${percent} % of a core`;
  const count = Number((percent / 100).toFixed(2));
  return `${count} ${count === 1 ? 'core' : 'cores'}`;
}

export const egressWords: Record<Plan['egress'], string> = {
  none: 'no network',
  dns_icmp: 'DNS and ping only',
  full: 'internet access',
};

/** What a plan gives, as short phrases. */
export function planWords(plan: Plan): string[] {
  const lifetime =
    plan.longest_lifetime > plan.lifetime
      ? `${duration(plan.lifetime)}, at most ${duration(plan.longest_lifetime)}`
      : duration(plan.lifetime);
  return [
    cores(plan.cpu_percent),
    `${bytes(plan.memory)} memory`,
    `${bytes(plan.disk)} ${plan.disk_kind === 'memory' ? 'disk in memory' : 'disk'}`,
    egressWords[plan.egress],
    lifetime,
    ...(plan.recording === 'none' ? [] : ['terminals are recorded']),
  ];
}

const stateNames: Record<InstanceState, string> = {
  queued: 'Queued',
  starting: 'Starting',
  running: 'Running',
  asleep: 'Paused',
  stopped: 'Stopped',
  grace: 'Ended',
  failed: 'Failed',
  gone: 'Gone',
};

export function stateName(state: InstanceState): string {
  return stateNames[state];
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** As a sentence: Berth tells of problems as one that goes on after a colon. */
export function sentence(text: string): string {
  const begun = capitalised(text);
  return /[.!?…)]$/.test(begun) ? begun : `${begun}.`;
}

export function ordinal(position: number): string {
  const tens = position % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][position % 10] ?? 'th');
  return `${position}${ending}`;
}

/** "about 2 minutes": a guess is not told to the second. */
export function about(seconds: number): string {
  if (seconds < 45) return 'less than a minute';
  const minutes = Math.round(seconds / 60);
  if (minutes <= 1) return 'about a minute';
  if (minutes < 60) return `about ${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours <= 1) return 'about an hour';
  return hours < 24 ? `about ${hours} hours` : 'a day or more';
}

/** "3rd in the queue, about 2 minutes". */
export function queueWords(instance: Pick<Instance, 'queue_position' | 'queue_wait'>): string {
  if (instance.queue_position === null) return 'waiting for a place';
  const place = `${ordinal(instance.queue_position)} in the queue`;
  return instance.queue_wait === null ? place : `${place}, ${about(instance.queue_wait)}`;
}

const eventNames: Partial<Record<BerthEvent['type'], string>> = {
  instance_asleep: 'Instance paused',
  instance_grace: 'Time over',
  login: 'Signed in',
};

export function eventName(type: BerthEvent['type']): string {
  return capitalised(eventNames[type] ?? type.replaceAll('_', ' '));
}

export const scopeWords: Record<Scope, string> = {
  instances_read: 'See instances and their events',
  instances_write: 'Create, use and destroy instances',
  images_read: 'See images',
  images_write: 'Pull, import and remove images',
  tokens_write: 'Create and revoke tokens',
  labs_write: 'Upload, publish and retire labs',
  accounts_write: 'Manage all accounts',
};

export function exitWords(exit: Pick<Session, 'exit_code' | 'exit_signal'>): string {
  if (exit.exit_signal !== null) return `ended by signal ${exit.exit_signal}`;
  return `exited with code ${exit.exit_code ?? 0}`;
}

/** The file name of a path inside an instance, for the browser's download folder. */
export function downloadName(path: string, form: 'raw' | 'tar', instance: string): string {
  const name = path.split('/').filter((part) => part !== '').at(-1) ?? instance;
  return form === 'tar' ? `${name}.tar` : name;
}

/** `folder` + `name` as one absolute path. */
export function joinPath(folder: string, name: string): string {
  return `${folder.startsWith('/') ? '' : '/'}${folder.replace(/\/+$/, '')}/${name}`;
}
