// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { linesOf, search } from './cast';

const cast = (...events: unknown[][]) =>
  [{ version: 2, width: 80, height: 24 }, ...events].map((line) => JSON.stringify(line)).join('\n') + '\n';

describe('the text of a recording', () => {
  it('has its lines with the times at which they began', () => {
    const lines = linesOf(cast([0.5, 'o', 'on'], [1, 'o', 'e\r\ntw'], [2, 'r', '90x20'], [3, 'o', 'o\r\n'], [4, 'm', 'mark']));
    expect(lines).toEqual([
      { time: 0.5, text: 'one' },
      { time: 1, text: 'two' },
    ]);
  });

  it('is without colours, titles and other sequences', () => {
    const [line] = linesOf(cast([0, 'o', '\x1b]0;title\x07\x1b[1;31mred\x1b[0m\x1b(B\x1b[2K \x1bPq#\x1b\\plain\x07']));
    expect(line!.text).toBe('red plain');
  });

  it('is found whatever the letter case, up to a number of lines', () => {
    const lines = linesOf(cast([0, 'o', 'One\ntwo\none\nONE\n']));
    expect(search(lines, ' one ').map((line) => line.text)).toEqual(['One', 'one', 'ONE']);
    expect(search(lines, 'one', 2)).toHaveLength(2);
    expect(search(lines, '  ')).toEqual([]);
  });

  it('is read as far as it is whole', () => {
    expect(linesOf(cast([0, 'o', 'whole']) + '[1, "o", "ha')).toEqual([{ time: 0, text: 'whole' }]);
    expect(linesOf('')).toEqual([]);
  });
});
