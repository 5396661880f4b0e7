// SPDX-License-Identifier: Apache-2.0
import type { LabDifficulty, LabState, LabSummary } from './api';
import { capitalised, duration } from './format';

export interface LabFilter {
  words: string;
  tag: string | null;
  difficulty: LabDifficulty | null;
}

export const difficulties: LabDifficulty[] = ['easy', 'medium', 'hard'];

/** As the server does: each word is in the title, the summary, the tags or the name. */
export function matches(lab: LabSummary, filter: LabFilter): boolean {
  if (filter.difficulty !== null && lab.difficulty !== filter.difficulty) return false;
  if (filter.tag !== null && !lab.tags.includes(filter.tag)) return false;
  const text = [lab.name, lab.title, lab.summary, ...lab.tags].join('\n').toLowerCase();
  return filter.words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** What is under way first, then the easy ones. */
export function inOrder(labs: LabSummary[]): LabSummary[] {
  const place = (lab: LabSummary) => (lab.attempt !== null ? -1 : difficulties.indexOf(lab.difficulty));
  return [...labs].sort((a, b) => place(a) - place(b) || a.title.localeCompare(b.title));
}

/** Each tag with how many labs have it, the most frequent first. */
export function tagsOf(labs: LabSummary[]): { tag: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const tag of labs.flatMap((lab) => [...new Set(lab.tags)])) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .sort((a, b) => b.count - a.count || a.tag.localeCompare(b.tag));
}

export function filterFrom(search: string): LabFilter {
  const query = new URLSearchParams(search);
  return {
    words: query.get('q') ?? '',
    tag: query.get('tag'),
    difficulty: difficulties.find((one) => one === query.get('difficulty')) ?? null,
  };
}

/** The part of the address that finds the same filter again. */
export function searchOf(filter: LabFilter): string {
  const query = new URLSearchParams();
  if (filter.words.trim() !== '') query.set('q', filter.words.trim());
  if (filter.tag !== null) query.set('tag', filter.tag);
  if (filter.difficulty !== null) query.set('difficulty', filter.difficulty);
  return query.size === 0 ? '' : `?${query}`;
}

const stateNames: Partial<Record<LabState, string>> = { preparing: 'Being prepared' };

export function labStateName(state: LabState): string {
  return stateNames[state] ?? capitalised(state);
}

/** "20 minutes · 2 machines · 5 steps": what is true of a lab, shortly. */
export function labWords(lab: LabSummary): string[] {
  return [
    duration(lab.minutes * 60),
    ...(lab.machines.length > 1 ? [`${lab.machines.length} machines`] : []),
    ...(lab.steps > 0 ? [`${lab.steps} step${lab.steps === 1 ? '' : 's'}`] : []),
  ];
}
