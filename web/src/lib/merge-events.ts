// SPDX-License-Identifier: Apache-2.0
import type { BerthEvent } from './api';

/** Oldest first, each once: the stored ones and the live ones may overlap. */
export function mergeEvents(known: BerthEvent[], more: BerthEvent[]): BerthEvent[] {
  const sequences = new Set(known.map((event) => event.sequence));
  const fresh = more.filter((event) => !sequences.has(event.sequence));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].sort((a, b) => a.sequence - b.sequence);
}
