// SPDX-License-Identifier: Apache-2.0
// What stands within a line of Markdown. The text may be hostile: every search is bounded, and what is not understood stays
// the text it is.

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong'; parts: Inline[] }
  | { kind: 'em'; parts: Inline[] }
  | { kind: 'link'; address: string; parts: Inline[] };

const deepest = 4;
const longestSpan = 1000;
const escapable = /[!-/:-@[-`{-~]/;

/** The address of a link that may be followed, or null: other schemes can run programs or mislead. */
export function safeAddress(target: string): string | null {
  let url: URL;
  try {
    url = new URL(target);
  } catch {
    return null;
  }
  if (url.username !== '' || url.password !== '') return null;
  return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
}

interface Found {
  part: Inline;
  end: number;
}

class Line {
  private readonly text: string;
  private readonly depth: number;
  private readonly codes = new Map<number, Found | null>();
  /** Before this place nothing closes what a mark opens: it is not looked for twice. */
  private readonly barren = new Map<string, number>();

  constructor(text: string, depth: number) {
    this.text = text;
    this.depth = depth;
  }

  parts(): Inline[] {
    const parts: Inline[] = [];
    let plain = '';
    for (let at = 0; at < this.text.length; ) {
      const next = this.text[at + 1];
      if (this.text[at] === '\\' && next !== undefined && escapable.test(next)) {
        plain += next;
        at += 2;
        continue;
      }
      const found = this.at(at);
      if (found === null) {
        // A run of marks that opens nothing is not looked at again from its middle.
        const length = Math.max(1, this.run(at));
        plain += this.text.slice(at, at + length);
        at += length;
        continue;
      }
      if (plain !== '') parts.push({ kind: 'text', text: plain });
      plain = '';
      parts.push(found.part);
      at = found.end;
    }
    if (plain !== '') parts.push({ kind: 'text', text: plain });
    return parts;
  }

  private at(at: number): Found | null {
    switch (this.text[at]) {
      case '`':
        return this.code(at);
      case '*':
      case '_':
        return this.emphasis(at);
      case '!':
        // Pictures are not fetched: what they would show is named, and can be followed.
        return this.text[at + 1] === '[' ? this.link(at + 1) : null;
      case '[':
        return this.link(at);
      case '<':
        return this.bareLink(at);
      default:
        return null;
    }
  }

  private run(at: number): number {
    const mark = this.text[at]!;
    if (!'`*_'.includes(mark)) return 1;
    let end = at;
    while (this.text[end] === mark) end += 1;
    return end - at;
  }

  private find(what: string, from: number): number {
    const place = this.text.slice(from, from + longestSpan).indexOf(what);
    return place < 0 ? -1 : from + place;
  }

  private code(at: number): Found | null {
    let found = this.codes.get(at);
    if (found === undefined) this.codes.set(at, (found = this.findCode(at)));
    return found;
  }

  private findCode(at: number): Found | null {
    const length = this.run(at);
    const mark = '`'.repeat(length);
    for (let end = this.find(mark, at + length); end >= 0; ) {
      const closing = this.run(end);
      if (closing === length) {
        const inner = this.text.slice(at + length, end);
        const padded = /^ .* $/.test(inner) && inner.trim() !== '';
        return { part: { kind: 'code', text: padded ? inner.slice(1, -1) : inner }, end: end + length };
      }
      end = end + closing - at > longestSpan ? -1 : this.find(mark, end + closing);
    }
    return null;
  }

  private emphasis(at: number): Found | null {
    const length = this.run(at);
    if (this.depth >= deepest || length > 3) return null;
    const mark = this.text.slice(at, at + length);
    const begin = at + length;
    if (/^\s?$/.test(this.text[begin] ?? '')) return null;
    if (mark[0] === '_' && /\w/.test(this.text[at - 1] ?? '')) return null;
    const end = this.closing(mark, begin);
    if (end < 0) return null;
    const parts = new Line(this.text.slice(begin, end), this.depth + 1).parts();
    if (length === 3) return { part: { kind: 'em', parts: [{ kind: 'strong', parts }] }, end: end + 3 };
    return { part: { kind: length === 2 ? 'strong' : 'em', parts }, end: end + length };
  }

  private closing(mark: string, begin: number): number {
    const limit = Math.min(this.text.length, begin + longestSpan);
    for (let at = Math.max(begin, this.barren.get(mark) ?? 0); at < limit; ) {
      const character = this.text[at]!;
      if (character === '\\') {
        at += 2;
      } else if (character === '`') {
        at = this.code(at)?.end ?? at + this.run(at);
      } else if (character === mark[0]) {
        const run = this.run(at);
        const inWord = mark[0] === '_' && /\w/.test(this.text[at + run] ?? '');
        // Three close whatever is open, the inner one first.
        const closes = run === mark.length || (run === 3 && mark.length < 3);
        if (closes && !/\s/.test(this.text[at - 1]!) && !inWord) return at + run - mark.length;
        at += run;
      } else {
        at += 1;
      }
    }
    this.barren.set(mark, limit);
    return -1;
  }

  private link(at: number): Found | null {
    const middle = this.find('](', at);
    const end = middle < 0 ? -1 : this.find(')', middle);
    if (end < 0 || this.depth >= deepest) return null;
    const label = this.text.slice(at + 1, middle);
    if (label.includes('[')) return null;
    const target = this.text.slice(middle + 2, end).trim().split(/\s/, 1)[0]!;
    return this.linked(label, target, end + 1);
  }

  private bareLink(at: number): Found | null {
    const end = this.find('>', at);
    const target = end < 0 ? '' : this.text.slice(at + 1, end);
    return /^https?:\/\/[^\s<]+$/.test(target) ? this.linked(target, target, end + 1) : null;
  }

  private linked(label: string, target: string, end: number): Found | null {
    const address = safeAddress(target);
    if (address === null) return null;
    const parts = label === target ? [{ kind: 'text' as const, text: label }] : new Line(label, this.depth + 1).parts();
    return { part: { kind: 'link', address, parts: parts.length > 0 ? parts : [{ kind: 'text', text: address }] }, end };
  }
}

export function inline(text: string): Inline[] {
  return new Line(text, 0).parts();
}
