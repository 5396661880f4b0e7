// SPDX-License-Identifier: Apache-2.0

/** Which of `count` tabs a key goes to from the one at `place`; null: it is not for tabs. */
export function nextTab(key: string, place: number, count: number): number | null {
  const next = { ArrowLeft: place + count - 1, ArrowRight: place + 1, Home: 0, End: count - 1 }[key];
  return next === undefined ? null : next % count;
}
