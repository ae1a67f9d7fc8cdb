import { describe, expect, test } from 'vitest';
import { folded, lineDiff } from './line-diff.rules.ts';

const marks = { same: ' ', removed: '-', added: '+' };
const shown = (from: string, to: string): string[] =>
  lineDiff(from, to).map(({ kind, text }) => `${marks[kind]}${text}`);

describe('the difference of two texts', () => {
  test('keeps what is the same and puts what went before what came', () => {
    expect(shown('a\nb\nc\nd', 'a\nx\ny\nc\nd')).toEqual([' a', '-b', '+x', '+y', ' c', ' d']);
    expect(shown('a\nb', 'b\nc')).toEqual(['-a', ' b', '+c']);
    expect(shown('a', 'a')).toEqual([' a']);
    expect(shown('a\nb', 'a')).toEqual([' a', '-b']);
  });

  test('gives both texts back, whatever they are', () => {
    const texts = ['', 'a', 'a\na\nb', 'b\na\nb\na', 'x\n\ny\n', 'a\nb\nc\na\nb\nc'];
    for (const from of texts) {
      for (const to of texts) {
        const lines = lineDiff(from, to);
        const side = (kind: string): string =>
          lines.flatMap((line) => (line.kind === 'same' || line.kind === kind ? [line.text] : [])).join('\n');
        expect([side('removed'), side('added')]).toEqual([from, to]);
      }
    }
  });

  test('of very long texts is told as a replacement', () => {
    const many = (word: string): string => Array.from({ length: 2_500 }, (_, at) => `${word}${at}`).join('\n');
    expect(lineDiff(many('a'), many('b'))).toHaveLength(5_000);
  });

  test('leaves out what is far from any change', () => {
    const lines = lineDiff('1\n2\n3\n4\n5\n6\n7\n8\n9', '1\n2\n3\n4\n5\n6\n7\n8\nx');
    expect(folded(lines, 1)).toEqual([
      { kind: 'left out', count: 7 },
      { kind: 'same', text: '8' },
      { kind: 'removed', text: '9' },
      { kind: 'added', text: 'x' },
    ]);
  });
});
