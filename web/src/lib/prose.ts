// SPDX-License-Identifier: Apache-2.0

export interface Part {
  code: boolean;
  text: string;
}

/** Paragraphs of text with `code` in it. */
export function prose(text: string): Part[][] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) =>
      paragraph
        .replace(/\s*\n\s*/g, ' ')
        .split(/(`[^`]+`)/)
        .filter((part) => part !== '')
        .map((part) =>
          part.startsWith('`') && part.endsWith('`') && part.length > 2
            ? { code: true, text: part.slice(1, -1) }
            : { code: false, text: part },
        ),
    );
}
