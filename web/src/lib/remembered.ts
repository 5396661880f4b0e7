// SPDX-License-Identifier: Apache-2.0
// Small choices kept in this browser. Storage can be switched off; then nothing is remembered.

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`berth.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`berth.${key}`);
    else localStorage.setItem(`berth.${key}`, value);
  } catch {
    // Nothing to do: the choice holds until the page is closed.
  }
}
