// SPDX-License-Identifier: Apache-2.0
// The part of Markdown that tasks, hints and descriptions need, as plain values: no HTML is read or made.

import { inline, type Inline } from './prose-inline';

export type Block =
  | { kind: 'paragraph'; parts: Inline[] }
  | { kind: 'heading'; level: number; parts: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Block[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

const deepest = 5;
const heading = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
const fence = /^ {0,3}(```+|~~~+)[^`]*$/;
const rule = /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/;
const quote = /^ {0,3}> ?(.*)$/;
const item = /^( {0,3}(?:[-*+]|(\d{1,9})[.)]) {1,4})(\S.*)$/;
const tableLine = /^ {0,3}\|.*\|$/;
const tableRule = /^ {0,3}\|(?: *:?-+:? *\|)+$/;

class Lines {
  private readonly lines: string[];
  private readonly depth: number;
  private at = 0;

  constructor(lines: string[], depth: number) {
    this.lines = lines;
    this.depth = depth;
  }

  blocks(): Block[] {
    const blocks: Block[] = [];
    while (this.at < this.lines.length) {
      if (this.line() === '') this.at += 1;
      else blocks.push(this.block());
    }
    return blocks;
  }

  private line(ahead = 0): string {
    return this.lines[this.at + ahead] ?? '';
  }

  private block(): Block {
    const line = this.line();
    const title = heading.exec(line);
    if (title) {
      this.at += 1;
      return { kind: 'heading', level: title[1]!.length, parts: inline(title[2]!.replace(/ #+$/, '')) };
    }
    if (fence.test(line)) return this.code();
    if (rule.test(line)) {
      this.at += 1;
      return { kind: 'rule' };
    }
    if (tableLine.test(line) && tableRule.test(this.line(1))) return this.table();
    if (this.depth < deepest && quote.test(line)) return this.quote();
    if (this.depth < deepest && item.test(line)) return this.list();
    return this.paragraph();
  }

  private code(): Block {
    const mark = fence.exec(this.line())![1]!;
    const text: string[] = [];
    for (this.at += 1; this.at < this.lines.length; this.at += 1) {
      const line = this.line();
      if (line.trim().startsWith(mark) && line.trim().replaceAll(mark[0]!, '') === '') {
        this.at += 1;
        break;
      }
      text.push(line);
    }
    return { kind: 'code', text: text.join('\n') };
  }

  private quote(): Block {
    const inner: string[] = [];
    for (let found = quote.exec(this.line()); found; found = quote.exec(this.line())) {
      inner.push(found[1]!);
      this.at += 1;
    }
    return { kind: 'quote', blocks: new Lines(inner, this.depth + 1).blocks() };
  }

  private list(): Block {
    const first = item.exec(this.line())!;
    const ordered = first[2] !== undefined;
    const items: Block[][] = [];
    for (let found: RegExpExecArray | null = first; found && (found[2] !== undefined) === ordered; found = item.exec(this.line())) {
      items.push(this.item(found));
    }
    return { kind: 'list', ordered, start: Number(first[2] ?? 1), items };
  }

  /** Its lines are those that are indented as far as its text, or go on with its paragraph. */
  private item(found: RegExpExecArray): Block[] {
    const indent = found[1]!.length;
    const inner = [found[3]!];
    for (this.at += 1; this.at < this.lines.length; this.at += 1) {
      const line = this.line();
      const deeper = line.startsWith(' '.repeat(Math.min(indent, 2)));
      const goesOn = line !== '' && !this.begins(line);
      if (line === '') {
        if (!this.line(1).startsWith(' '.repeat(Math.min(indent, 2)))) break;
        inner.push('');
      } else if (deeper) {
        inner.push(line.slice(Math.min(indent, line.search(/\S/))));
      } else if (goesOn) {
        inner.push(line);
      } else {
        break;
      }
    }
    while (this.at < this.lines.length && this.line() === '') this.at += 1;
    return new Lines(inner, this.depth + 1).blocks();
  }

  private table(): Block {
    const cells = (line: string) => line.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => inline(cell.trim().replaceAll('\\|', '|')));
    const head = cells(this.line());
    const rows: Inline[][][] = [];
    for (this.at += 2; tableLine.test(this.line()); this.at += 1) rows.push(cells(this.line()).slice(0, head.length));
    return { kind: 'table', head, rows };
  }

  private paragraph(): Block {
    const lines = [this.line().trim()];
    for (this.at += 1; this.line() !== '' && !this.begins(this.line()); this.at += 1) lines.push(this.line().trim());
    return { kind: 'paragraph', parts: inline(lines.join(' ')) };
  }

  private begins(line: string): boolean {
    const nests = this.depth < deepest && (quote.test(line) || item.test(line));
    return nests || heading.test(line) || fence.test(line) || rule.test(line);
  }
}

export function prose(text: string): Block[] {
  return new Lines(text.replaceAll('\t', '    ').split(/\r?\n/).map((line) => line.trimEnd()), 0).blocks();
}

/** The levels of a text's headings below one of level `above`, none left out, in their order. */
export function headingLevels(blocks: Block[], above: number): number[] {
  const levels: number[] = [];
  const known = [...new Set(blocks.flatMap((block) => (block.kind === 'heading' ? [block.level] : [])))].sort();
  let before = above;
  for (const block of blocks) {
    if (block.kind === 'heading') before = Math.min(above + 1 + known.indexOf(block.level), before + 1, 6);
    levels.push(before);
  }
  return levels;
}
