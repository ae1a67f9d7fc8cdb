import { describe, expect, it } from 'vitest';
import { compileRegex } from './regex-program.ts';
import { searchRegex } from './regex-run.ts';

interface Found {
  groups: (string | null)[];
  steps: number;
}

function search(pattern: string, text: string, ignoreCase = false): Found | null {
  const characters = Array.from(text);
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  let steps = 0;
  const spend = (count: number): void => void (steps += count);
  const captures = searchRegex(compileRegex(pattern, ignoreCase), codes, {
    from: 0,
    anchored: false,
    notEmptyAt: -1,
    spend,
  });
  if (captures === null) return null;
  const groups: (string | null)[] = [];
  for (let index = 0; index < captures.length; index += 2) {
    const start = captures[index] ?? -1;
    groups.push(start === -1 ? null : characters.slice(start, captures[index + 1]).join(''));
  }
  return { groups, steps };
}

/** Random patterns of what JavaScript and this engine have in common; what is repeated is never empty. */
function randomPattern(depth: number): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;
  const atom = (): string => {
    if (depth > 0 && Math.random() < 0.35) return `((?:${randomPattern(depth - 1)})a|b(?:${randomPattern(depth - 1)}))`;
    return pick(['a', 'b', 'c', '.', '[ab]', '[^a]', '\\w', '\\d', '(?:ab)', '(a|ab)', '(b)']);
  };
  const parts = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => {
    return atom() + pick(['', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,2}?']);
  });
  return parts.join('') + pick(['', '', '', '|c', '|ab?', '\\b', '$']);
}

describe('regular expressions in linear time', () => {
  it('find what a backtracking engine finds, groups included', () => {
    for (let round = 0; round < 3000; round += 1) {
      const pattern = randomPattern(2);
      const text = Array.from({ length: round % 9 }, () => 'abc1'[Math.floor(Math.random() * 4)]).join('');
      const expected = new RegExp(pattern, 'u').exec(text);
      expect({ pattern, text, found: search(pattern, text)?.groups[0] ?? null }).toEqual({
        pattern,
        text,
        found: expected?.[0] ?? null,
      });
    }
    expect(search('(a|ab)(c|bcd)(d*)', 'abcd')?.groups).toEqual(['abcd', 'a', 'bcd', '']);
    expect(search('(a)|(b)', 'b')?.groups).toEqual(['b', null, 'b']);
    expect(search('(?P<year>\\d{4})-(?P<month>\\d\\d)', 'on 2024-05')?.groups).toEqual(['2024-05', '2024', '05']);
  });

  it('cost at most their length times that of the text, whatever the pattern', () => {
    for (const pattern of ['(a*)*b', '(a|a)*b', '(a|aa)+$b', '(.*)(.*)(.*)(.*)b', '(x+x+)+y|a', '(a?){30}a{30}b']) {
      const size = compileRegex(pattern, false).code.length;
      const text = 'a'.repeat(2000);
      let steps = 0;
      const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
      const options = { from: 0, anchored: false, notEmptyAt: -1, spend: (count: number) => void (steps += count) };
      searchRegex(compileRegex(pattern, false), codes, options);
      expect(steps).toBeLessThan(text.length * size * 6 + 1000);
    }
  });

  it('refuse what is not regular, or malformed, or too large', () => {
    const patterns = [
      '(a)\\1',
      '(?=a)',
      '(?!a)',
      '(?<=a)b',
      '(?P=x)',
      'a++',
      '(',
      ')',
      '[',
      '*a',
      'a**',
      '\\q',
      'a{2,1}',
      '[z-a]',
    ];
    for (const pattern of [...patterns, '(a{1000}){1000}', '(?P<1>a)', '\\x4', `${'('.repeat(40)}a${')'.repeat(40)}`]) {
      expect(() => compileRegex(pattern, false)).toThrow();
    }
  });

  it('know Unicode, and the flags i, m and s', () => {
    expect(search('\\w+', '  Größe!')?.groups).toEqual(['Größe']);
    expect(search('ÄÖ', 'xäö', true)?.groups).toEqual(['äö']);
    expect(search('(?i)[a-c]+', 'xABC')?.groups).toEqual(['ABC']);
    expect(search('(?s)a.b', 'a\nb')?.groups).toEqual(['a\nb']);
    expect(search('(?m)^b$', 'a\nb\nc')?.groups).toEqual(['b']);
    expect(search('^.$', '😀')?.groups).toEqual(['😀']);
  });
});
