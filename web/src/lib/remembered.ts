// SPDX-License-Identifier: Apache-2.0
// Small choices kept in this browser, or only in this tab of it. Storage can be switched off; then nothing is remembered.

type Where = 'browser' | 'tab';

const storage = (where: Where) => (where === 'browser' ? localStorage : sessionStorage);

export function recall(key: string, where: Where = 'browser'): string | null {
  try {
    return storage(where).getItem(`berth.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null, where: Where = 'browser'): void {
  try {
    if (value === null) storage(where).removeItem(`berth.${key}`);
    else storage(where).setItem(`berth.${key}`, value);
  } catch {
    // Nothing to do: the choice holds until the page is closed.
  }
}
