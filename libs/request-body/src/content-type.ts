import { BodyProblem } from './body-problem.ts';

/** The lower-case media type of a Content-Type header without its parameters; empty when there is none. */
export function mediaTypeOf(contentType: string | undefined | null): string {
  if (contentType === undefined || contentType === null) return '';
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** `application/json`, `text/json` and the structured syntax suffix `+json` (RFC 6839). */
export function isJsonType(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType === 'text/json' || mediaType.endsWith('+json');
}

/** `; name=token` or `; name="quoted \" text"`; sticky, so that no text is passed over and none is read twice. */
const PARAMETER = /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~0-9a-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*)))?[ \t]*/iy;

/**
 * The parameters of a header value such as `type/subtype; name=value` (RFC 9110 §5.6.6), names in lower case.
 * Null when they are broken or one is there twice, where two readers might choose differently.
 */
export function parametersOf(value: string): Map<string, string> | null {
  const parameters = new Map<string, string>();
  const start = value.indexOf(';');
  for (let at = start === -1 ? value.length : start; at < value.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(value);
    if (match === null) return null;
    const name = match[1]?.toLowerCase();
    if (name === undefined) continue;
    if (parameters.has(name)) return null;
    // Only quotes and backslashes are escaped by those who escape at all: `C:\new` is meant as it is written.
    parameters.set(name, match[2]?.replace(/\\(["\\])/g, '$1') ?? (match[3] as string));
  }
  return parameters;
}

const UTF8 = /^(?:utf-?8|unicode-1-1-utf-8)$/i;
/** Charsets of which ASCII is a part: text that is all ASCII is the same in UTF-8. */
const ASCII_BASED = /^(?:us-ascii|ascii|ansi_x3\.4-1968|iso[-_]?8859[-_]\d{1,2}|latin-?\d|(?:windows-|cp)125\d)$/i;

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false;
  return true;
}

/**
 * Refuses text in another charset than UTF-8. Many clients say ISO-8859-1 by habit and send ASCII, which is accepted.
 * @throws BodyProblem `unsupported_charset`
 */
export function requireUtf8(charset: string | undefined, body: Uint8Array): void {
  if (charset === undefined || charset === '' || UTF8.test(charset)) return;
  if (ASCII_BASED.test(charset) && isAscii(body)) return;
  throw new BodyProblem('unsupported_charset', `The charset ${charset.slice(0, 40)} is not read here. Send UTF-8.`);
}
