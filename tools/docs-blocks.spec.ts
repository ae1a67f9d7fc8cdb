import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

interface Expected {
  language: string;
  text: string;
}
interface DocsBlocks {
  checkedBlocks(markdown: string): { line: number; commands: string; expected: Expected | null }[];
  isAsExpected(output: string, expected: Expected): boolean;
}
const module: string = path.join(import.meta.dirname, 'docs-blocks.mjs');
const { checkedBlocks, isAsExpected } = (await import(module)) as DocsBlocks;

const page = (...lines: string[]): string => lines.join('\n');

describe('the checked blocks of a page', () => {
  it('are those that are marked, each with the output that follows it', () => {
    const text = page(
      '```sh',
      'not checked',
      '```',
      '<!-- checked -->',
      '',
      '```sh',
      'curl one',
      'curl two',
      '```',
      'answers',
      '```json',
      '{"a": 1}',
      '```',
      '<!-- checked -->',
      '```sh',
      'curl three',
      '```',
    );
    expect(checkedBlocks(text)).toEqual([
      { line: 6, commands: 'curl one\ncurl two', expected: { language: 'json', text: '{"a": 1}' } },
      { line: 15, commands: 'curl three', expected: null },
    ]);
  });

  it('a mark that marks nothing is an error, so that nobody believes in a check that does not happen', () => {
    expect(() => checkedBlocks(page('<!-- checked -->', 'prose', '```sh', 'x', '```'))).toThrow('no sh block');
    expect(() => checkedBlocks(page('<!-- checked -->', '```json', '{}', '```'))).toThrow('json block');
    expect(() => checkedBlocks('<!-- checked -->')).toThrow('end of the page');
    expect(() => checkedBlocks(page('```sh', 'x'))).toThrow('not closed');
  });

  it('OP-01: whatever a page tells to send is run: no block with curl is without the mark', () => {
    const root = path.resolve(import.meta.dirname, '..');
    const pages = globSync(['README.md', 'docs/**/*.md', 'examples/*.md'], { cwd: root });
    const blocks = pages.flatMap((file) => {
      const text = readFileSync(path.join(root, file), 'utf8');
      const checked = new Set(checkedBlocks(text).map(({ commands }) => commands));
      const all = [...text.matchAll(/^```(?:sh|bash)\n([^]*?)\n```$/gm)].map(([, commands = '']) => commands);
      return all.filter((each) => each.includes('curl')).map((commands) => [file, checked.has(commands), commands]);
    });
    expect(blocks.length).toBeGreaterThan(20);
    expect(blocks.filter(([, isChecked]) => !isChecked)).toEqual([]);
  });

  it('an output belongs to the block before it only', () => {
    const text = page('<!-- checked -->', '```sh', 'a', '```', '```sh', 'b', '```', '```json', '{}', '```');
    expect(checkedBlocks(text)[0]?.expected).toBeNull();
  });
});

describe('comparing an output', () => {
  const json = (text: string) => ({ language: 'json', text });
  it('… stands for anything, blanks of JSON do not matter', () => {
    expect(isAsExpected('{"id":"0199","n":[1,2]}\n', json('{\n  "id": "…",\n  "n": [1, 2]\n}'))).toBe(true);
    expect(isAsExpected('{"id":"0199","x":1,"y":2}', json('{"id": "…", … }'))).toBe(true);
  });
  it('anything else has to be so', () => {
    expect(isAsExpected('{"id":"0199","n":3}', json('{"id": "…", "n": 4}'))).toBe(false);
    expect(isAsExpected('{"n":1}{"n":2}', json('{"n":1}'))).toBe(false);
    expect(isAsExpected('202 a.b', { language: 'text', text: '202 axb' })).toBe(false);
    expect(isAsExpected('202 a.b \n', { language: 'text', text: '202 a.b' })).toBe(true);
  });
});
