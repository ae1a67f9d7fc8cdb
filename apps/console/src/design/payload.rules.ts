/** Characters of a payload that are put on the screen at first: a browser lays out 64 Ki in a few milliseconds. */
export const SHOWN_CHARACTERS = 65_536;

/**
 * What is not seen, or turns the text around it: controls, format characters (bidirectional marks, embeddings, overrides and
 * isolates, zero-width ones, the byte order mark), line and paragraph separators.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const escaped = (each: string): string => `\\u${(each.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** The text with everything that hides in it made visible, as `\u202e`; tabs and line ends stay. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (each) => (each === '\t' || each === '\n' ? each : escaped(each)));
}

/** JSON indented; any other text as it is. What is no string is told as JSON. */
export function readable(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? '' : (JSON.stringify(value, null, 2) ?? '');
  if (value.length > SHOWN_CHARACTERS * 4 || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value; // it only looked like JSON
  }
}

/** What is shown of a text, and how many characters are not. */
export function cut(text: string, limit: number): { shown: string; left: number } {
  if (text.length <= limit) return { shown: text, left: 0 };
  return { shown: text.slice(0, limit), left: text.length - limit };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A request as one line for a shell (POSIX quoting): whatever stands in it is text there too. */
export function curlOf(request: {
  method: string;
  url: string;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: string | undefined;
}): string {
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const body = request.body === undefined || request.body === '' ? [] : [`--data-binary ${quoted(request.body)}`];
  return ['curl', '-sS', `-X ${request.method}`, ...headers, ...body, quoted(request.url)].join(' ');
}
