const SIMPLE: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The value of a string literal's content: Python's escapes, except `\N{name}`.
 * @param fail makes the error for a malformed escape
 */
export function unescapeString(content: string, fail: (message: string) => Error): string {
  if (!content.includes('\\')) return content;
  return content.replace(/\\(?:([0-7]{1,3})|([xuU])([0-9a-fA-F]*)|([^]))/g, (whole, octal, kind, hex, other) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(String(octal), 8));
    if (kind !== undefined) return hexEscape(String(kind), String(hex), fail);
    const simple = SIMPLE[String(other)];
    if (simple !== undefined) return simple;
    if (other === 'N') throw fail('characters cannot be written by name (\\N{…})');
    return String(whole);
  });
}

function hexEscape(kind: string, digits: string, fail: (message: string) => Error): string {
  const length = HEX_LENGTH[kind] ?? 0;
  if (digits.length < length) throw fail(`truncated \\${kind}${kind === 'x' ? 'XX' : 'X'.repeat(length)} escape`);
  const code = Number.parseInt(digits.slice(0, length), 16);
  if (code > 0x10ffff) throw fail('illegal Unicode character');
  return String.fromCodePoint(code) + digits.slice(length);
}
