// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { headingLevels, prose, type Block } from './prose';
import { inline, safeAddress, type Inline } from './prose-inline';

const text = (words: string): Inline => ({ kind: 'text', text: words });
const paragraph = (words: string): Block => ({ kind: 'paragraph', parts: [text(words)] });

/** All text of it, marks taken off. */
function flat(parts: Inline[]): string {
  return parts.map((part) => ('parts' in part ? flat(part.parts) : part.text)).join('');
}

describe('blocks', () => {
  it('paragraphs go on over line ends and end at empty lines', () => {
    expect(prose('A `GET`\nrequest.\n\nSecond.')).toEqual([
      { kind: 'paragraph', parts: [text('A '), { kind: 'code', text: 'GET' }, text(' request.')] },
      paragraph('Second.'),
    ]);
  });

  it('headings, rules and quotes', () => {
    expect(prose('# One\n## Two ##\n#none\n\n---\n> a\n> b')).toEqual([
      { kind: 'heading', level: 1, parts: [text('One')] },
      { kind: 'heading', level: 2, parts: [text('Two')] },
      paragraph('#none'),
      { kind: 'rule' },
      { kind: 'quote', blocks: [paragraph('a b')] },
    ]);
  });

  it('code keeps what is in it, and one that is not closed goes to the end', () => {
    expect(prose('```sh\n# no heading\n\n- no *list*\n```\nafter')).toEqual([
      { kind: 'code', text: '# no heading\n\n- no *list*' },
      paragraph('after'),
    ]);
    expect(prose('~~~\na\n```')).toEqual([{ kind: 'code', text: 'a\n```' }]);
  });

  it('lists nest, go on behind empty lines and keep their first number', () => {
    expect(prose('3. one\n   more\n4. two\n   - inner\n\nafter')).toEqual([
      {
        kind: 'list',
        ordered: true,
        start: 3,
        items: [
          [paragraph('one more')],
          [paragraph('two'), { kind: 'list', ordered: false, start: 1, items: [[paragraph('inner')]] }],
        ],
      },
      paragraph('after'),
    ]);
    expect(prose('- a\n\n- b')).toMatchObject([{ kind: 'list', items: [[paragraph('a')], [paragraph('b')]] }]);
  });

  it('code in a list is of its item', () => {
    expect(prose('- do\n\n  ```\n  ls\n    -l\n  ```\n- then')).toEqual([
      {
        kind: 'list',
        ordered: false,
        start: 1,
        items: [[paragraph('do'), { kind: 'code', text: 'ls\n  -l' }], [paragraph('then')]],
      },
    ]);
  });

  it('tables', () => {
    expect(prose('| a | b |\n|---|:-:|\n| `1` | x \\| y |')).toEqual([
      { kind: 'table', head: [[text('a')], [text('b')]], rows: [[[{ kind: 'code', text: '1' }], [text('x | y')]]] },
    ]);
  });

  it('levels of headings leave none out', () => {
    const blocks = prose('## a\n#### b\n# c\n#### d');
    expect(headingLevels(blocks, 1)).toEqual([2, 3, 2, 3]);
    expect(headingLevels(prose('text\n\n### a'), 2)).toEqual([2, 3]);
  });
});

describe('inside a line', () => {
  it('emphasis, code and escapes', () => {
    expect(inline('a **b *c*** _d_ `` e`f `` \\*g\\* snake_case_name 2*3*4')).toEqual([
      text('a '),
      { kind: 'strong', parts: [text('b '), { kind: 'em', parts: [text('c')] }] },
      text(' '),
      { kind: 'em', parts: [text('d')] },
      text(' '),
      { kind: 'code', text: 'e`f' },
      text(' *g* snake_case_name 2'),
      { kind: 'em', parts: [text('3')] },
      text('4'),
    ]);
    expect(inline('**bold `**` still**')).toEqual([{ kind: 'strong', parts: [text('bold '), { kind: 'code', text: '**' }, text(' still')] }]);
    expect(inline('***a***')).toEqual([{ kind: 'em', parts: [{ kind: 'strong', parts: [text('a')] }] }]);
    expect(inline('a * b * c')).toEqual([text('a * b * c')]);
  });

  it('links go to web pages and mail only', () => {
    expect(inline('[a *b*](https://example.org/x "t") <http://e.org>')).toEqual([
      { kind: 'link', address: 'https://example.org/x', parts: [text('a '), { kind: 'em', parts: [text('b')] }] },
      text(' '),
      { kind: 'link', address: 'http://e.org/', parts: [text('http://e.org')] },
    ]);
    for (const target of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'java\tscript:alert(1)',
      ' data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      'blob:https://example.org/1',
      'file:///etc/passwd',
      '//example.org',
      '/api/v1/logout',
      'https://good.example@evil.example/',
      '',
    ]) {
      expect(safeAddress(target), target).toBeNull();
      expect(inline(`[x](${target})`).every((part) => part.kind === 'text'), target).toBe(true);
    }
  });

  it('HTML stays the text it is', () => {
    for (const hostile of ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '&lt;b&gt;', '<a href="javascript:1">x</a>']) {
      expect(prose(hostile)).toEqual([paragraph(hostile)]);
    }
  });

  it('pictures are named, not fetched', () => {
    expect(inline('![logo](https://example.org/x.png)')).toEqual([
      { kind: 'link', address: 'https://example.org/x.png', parts: [text('logo')] },
    ]);
  });
});

describe('hostile text', () => {
  it('takes no time and loses nothing', () => {
    const long = 64 * 1024;
    const since = performance.now();
    for (const piece of ['*a ', '_', '[', '![', '](', '`` ` ``` ', '*a`', '<http://', '> ', '- ', '|', '**a [', '\\', '# ', '~~~']) {
      prose(piece.repeat(long / piece.length));
      prose(`${piece}\n`.repeat(long / (piece.length + 1)));
    }
    expect(performance.now() - since).toBeLessThan(5000);
    expect(flat(inline('[a](javascript:1) *b'.repeat(50)))).toBe('[a](javascript:1) *b'.repeat(50));
  });

  it('nests only so deep', () => {
    const depth = (blocks: Block[]): number =>
      1 + Math.max(0, ...blocks.map((block) => (block.kind === 'quote' ? depth(block.blocks) : 0)));
    expect(depth(prose(`${'> '.repeat(1000)}x`))).toBeLessThan(10);
    expect(flat(inline(`${'*_'.repeat(100)}x${'_*'.repeat(100)}`))).toContain('x');
  });
});
