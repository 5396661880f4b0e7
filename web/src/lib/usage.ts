// SPDX-License-Identifier: Apache-2.0
import type { Usage } from './api';

/** One point of the charts, per second where it is a rate. */
export interface Point {
  at: number;
  cpuPercent: number | null;
  memory: number;
  received: number | null;
  sent: number | null;
}

/** Rates need two readings; a counter that went back (a restart) gives none. */
export function pointFrom(before: Usage | null, now: Usage): Point {
  const at = Date.parse(now.at) / 1000;
  const rate = (key: 'cpu_microseconds' | 'received' | 'sent'): number | null => {
    if (before === null) return null;
    const seconds = at - Date.parse(before.at) / 1000;
    const grown = now[key] - before[key];
    return seconds > 0 && grown >= 0 ? grown / seconds : null;
  };
  const cpu = rate('cpu_microseconds');
  return {
    at,
    cpuPercent: cpu === null ? null : cpu / 10_000,
    memory: now.memory,
    received: rate('received'),
    sent: rate('sent'),
  };
}

export const keptPoints = 150; // five minutes at one every two seconds

export function withPoint(points: Point[], point: Point): Point[] {
  const last = points.at(-1);
  if (last !== undefined && point.at <= last.at) return points;
  return [...points, point].slice(-keptPoints);
}
