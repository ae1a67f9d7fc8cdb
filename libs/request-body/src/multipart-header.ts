import { isUtf8 } from 'node:buffer';
import { BodyProblem } from './body-problem.ts';
import { parametersOf } from './content-type.ts';

/** What the header of one part says (RFC 7578 §4). */
export interface PartHeader {
  name: string;
  /** Null for a field; an uploaded file has one, if only an empty one. */
  filename: string | null;
  contentType: string | null;
}

const LINE_END = '\r\n';
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const FORM_DATA = /^form-data[ \t]*(?:;|$)/i;
/** How browsers write what would end the quotes (WHATWG, multipart/form-data encoding); nothing else is escaped so. */
const BROWSER_ESCAPE = /%(22|0d|0a)/gi;
const EXTENDED_UTF8 = /^utf-8'[^']*'(.*)$/i;
/** What means that the bytes are the content. */
const NOT_ENCODED: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);

export function malformed(detail: string): BodyProblem {
  return new BodyProblem('malformed_multipart', `The multipart body is broken: ${detail}.`);
}

function linesOf(text: string, part: number): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of text.split(LINE_END)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!HEADER_NAME.test(name) || /[\r\n\0]/.test(line))
      throw malformed(`part ${part} has a header line that is none`);
    if (lines.has(name)) throw malformed(`part ${part} has two ${name.slice(0, 40)} headers`);
    lines.set(name, line.slice(colon + 1).trim());
  }
  return lines;
}

function fromBrowser(text: string): string {
  return text.replace(BROWSER_ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** `filename*=UTF-8''…` (RFC 5987): RFC 7578 §4.2 forbids it, some clients know no other way. */
function extendedName(value: string, part: number): string {
  const encoded = EXTENDED_UTF8.exec(value)?.[1];
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded);
  } catch {
    // Not percent-encoded UTF-8: told like every other charset.
  }
  throw malformed(`the filename* of part ${part} is not UTF-8`);
}

function filenameOf(parameters: ReadonlyMap<string, string>, part: number): string | null {
  const extended = parameters.get('filename*');
  if (extended !== undefined) return extendedName(extended, part);
  const plain = parameters.get('filename');
  return plain === undefined ? null : fromBrowser(plain);
}

/**
 * Reads the header of part number `part` (from 1). A part is never skipped: one that cannot be understood refuses the
 * body, because what is dropped in silence is data of somebody.
 * @throws BodyProblem `malformed_multipart` | `invalid_utf8`
 */
export function partHeaderOf(bytes: Buffer, part: number): PartHeader {
  if (!isUtf8(bytes)) throw new BodyProblem('invalid_utf8', `The header of part ${part} is not valid UTF-8.`);
  const lines = linesOf(bytes.toString('utf8'), part);
  const disposition = lines.get('content-disposition');
  if (disposition === undefined || !FORM_DATA.test(disposition)) {
    throw malformed(`part ${part} has no Content-Disposition: form-data`);
  }
  const parameters = parametersOf(disposition);
  const name = parameters?.get('name');
  if (!parameters || name === undefined) throw malformed(`part ${part} has no name, or its parameters are broken`);
  const encoding = lines.get('content-transfer-encoding')?.toLowerCase();
  if (encoding !== undefined && !NOT_ENCODED.has(encoding)) {
    throw malformed(`part ${part} has a Content-Transfer-Encoding, which RFC 7578 has done away with`);
  }
  const contentType = lines.get('content-type') ?? null;
  return { name: fromBrowser(name), filename: filenameOf(parameters, part), contentType };
}
