// SPDX-License-Identifier: Apache-2.0
// How much of the width, in percent, the part on the left has.

export const least = 20;
export const most = 70;
export const usual = 36;

export function bounded(share: number): number {
  return Number.isFinite(share) ? Math.round(Math.min(most, Math.max(least, share))) : usual;
}

/** The share after a key on the divider; null: it is not for it. */
export function shareAfter(key: string, share: number): number | null {
  const after = { ArrowLeft: share - 2, ArrowRight: share + 2, Home: least, End: most, Enter: usual }[key];
  return after === undefined ? null : bounded(after);
}
