// SPDX-License-Identifier: Apache-2.0
// An asciicast as text to search in. Everything in it comes from programs: it is text, and never markup.

export interface Line {
  /** Seconds from the beginning, when the line began to be shown. */
  time: number;
  text: string;
}

// Escape sequences of ECMA-48: with parameters, strings to BEL or ST, and short ones; then what is left of control characters.
// eslint-disable-next-line no-control-regex
const sequences = /\x1b\[[\x20-\x3f]*[\x40-\x7e]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[\x20-\x2f]*[\x30-\x7e]/g;
// eslint-disable-next-line no-control-regex
const controls = /[\x00-\x08\x0b-\x1f\x7f]/g;

function outputs(cast: string): [time: number, text: string][] {
  const found: [number, string][] = [];
  for (const line of cast.split('\n').slice(1)) {
    if (line === '') continue;
    try {
      const event = JSON.parse(line) as unknown;
      if (Array.isArray(event) && typeof event[0] === 'number' && event[1] === 'o' && typeof event[2] === 'string') {
        found.push([event[0], event[2]]);
      }
    } catch {
      // The last line of a recording that goes on.
    }
  }
  return found;
}

/** The lines that the terminal showed, in their order. A sequence cut in two leaves a little rubbish. */
export function linesOf(cast: string): Line[] {
  const lines: Line[] = [];
  let current: Line | null = null;
  for (const [time, output] of outputs(cast)) {
    const text = output.replaceAll(sequences, '').replaceAll(controls, '');
    const [first, ...rest] = text.split('\n');
    if (current === null) current = { time, text: first! };
    else current.text += first!;
    for (const next of rest) {
      lines.push(current);
      current = { time, text: next };
    }
  }
  if (current !== null) lines.push(current);
  return lines.filter((line) => line.text.trim() !== '');
}

/** The first `most` lines with the text, whatever its letter case. */
export function search(lines: Line[], text: string, most = 200): Line[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const found: Line[] = [];
  for (const line of lines) {
    if (line.text.toLowerCase().includes(wanted)) found.push(line);
    if (found.length === most) break;
  }
  return found;
}
