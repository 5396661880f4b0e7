// SPDX-License-Identifier: Apache-2.0

/** The code in what somebody pasted: a whole login link, its fragment, or the code alone. Null when there is none. */
export function loginCode(pasted: string): string | null {
  const text = pasted.trim();
  const marked = /[#?&]code=([^&\s]+)/.exec(text) ?? /^code=([^&\s]+)$/.exec(text);
  if (marked !== null) {
    try {
      return decodeURIComponent(marked[1]!);
    } catch {
      return marked[1]!;
    }
  }
  return /^[\w.~-]{1,128}$/.test(text) ? text : null;
}
