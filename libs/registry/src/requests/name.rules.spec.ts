import { describe, expect, it } from 'vitest';
import { nameProblem, tidyName } from './name.rules.ts';

describe('a name', () => {
  it.each([
    ['letters of any script', 'Überweisung 支払い تحويل תשלום'],
    ['a composed emoji, joined by U+200D', '👩🏽‍💻 Ada'],
    ['a flag made of tags', '\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}'],
    ['Persian with its non-joiner', 'می\u200cخواهم'],
    ['a direction mark beside Hebrew', 'שלום (a)\u200f'],
    ['combining marks on letters', 'q̃ư̄'],
    ['markup, which is text here', '<b>x</b> {{ y }} \'"; --'],
  ])('may have %s', (_what, text) => {
    expect(nameProblem(tidyName(text))).toBeNull();
  });

  it.each([
    ['NUL', 'a\u0000b'],
    ['a line feed', 'a\nb'],
    ['a C1 control', 'a\u0085b'],
    ['a right-to-left override', 'invoice\u202egpj.exe'],
    ['an isolate', 'a\u2066b'],
    ['an Arabic letter mark', 'a\u061cb'],
    ['a zero-width space', 'pay\u200bments'],
    ['a word joiner', 'pay\u2060ments'],
    ['a byte order mark', 'pay\ufeffments'],
    ['a soft hyphen', 'pay\u00adments'],
    ['a grapheme joiner', 'pay\u034fments'],
    ['a line separator', 'a\u2028b'],
    ['a Hangul filler', 'a\u3164b'],
    ['half a surrogate pair', 'a\ud83d'],
    ['a noncharacter', 'a\uffffb'],
    ['nothing but joiners', '\u200d\u200c'],
    ['nothing but a combining mark', '\u0301'],
    ['nothing but blanks', '\u00a0\u3000\u00a0x'.slice(0, 3)],
  ])('may not have %s', (_what, text) => {
    expect(nameProblem(text)).not.toBeNull();
  });

  it('has one spelling: composed, without blanks around; look-alikes of other scripts stay what they are', () => {
    expect(tidyName(' Cafe\u0301\u00a0')).toBe('Caf\u00e9');
    expect(tidyName('раypal')).not.toBe('paypal');
    expect(tidyName('\u{2F9F4}')).toBe('嶲');
  });
});
