import { splitSpaces } from './python-text.ts';
import type { Runtime } from './runtime.ts';

/** markupsafe's striptags: without comments and tags, white space collapsed, entities replaced. */
export function stripTags(rt: Runtime, text: string): string {
  rt.spendText(text.length, 4);
  const words = splitSpaces(without(without(text, '<!--', '-->'), '<', '>'));
  rt.spend(words.length);
  return unescapeHtml(words.join(' '));
}

/** The text without what stands between an opening and the next closing, both included. */
function without(text: string, open: string, close: string): string {
  let result = '';
  let index = 0;
  for (;;) {
    const start = text.indexOf(open, index);
    const end = start === -1 ? -1 : text.indexOf(close, start);
    if (end === -1) return result + text.slice(index);
    result += text.slice(index, start);
    index = end + close.length;
  }
}

// The names of Latin 1 in order from U+00A0, and a few others: HTML knows 2,231, these are the ones that occur.
const LATIN =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro ' +
  'para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil ' +
  'Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave ' +
  'Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml ' +
  'igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute ' +
  'thorn yuml';

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['ndash', '\u2013'],
  ['mdash', '\u2014'],
  ['lsquo', '\u2018'],
  ['rsquo', '\u2019'],
  ['sbquo', '\u201a'],
  ['ldquo', '\u201c'],
  ['rdquo', '\u201d'],
  ['bdquo', '\u201e'],
  ['bull', '\u2022'],
  ['hellip', '\u2026'],
  ['euro', '\u20ac'],
  ['trade', '\u2122'],
  ['larr', '\u2190'],
  ['rarr', '\u2192'],
  ...LATIN.split(' ').map((name, index): [string, string] => [name, String.fromCharCode(0xa0 + index)]),
]);

function unescapeHtml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#(\d{1,8});?|#[xX]([0-9a-fA-F]{1,6});?|([A-Za-z][A-Za-z0-9]{1,7});)/g,
    (whole, ...groups) => {
      const [decimal, hex, name]: unknown[] = groups;
      if (typeof name === 'string') return ENTITIES.get(name) ?? String(whole);
      const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
      return code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? '\ufffd' : String.fromCodePoint(code);
    },
  );
}
