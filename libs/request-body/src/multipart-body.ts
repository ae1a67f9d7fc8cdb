import { isUtf8 } from 'node:buffer';
import { type BodyLimits, DEFAULT_BODY_LIMITS } from './body-limits.ts';
import { BodyProblem } from './body-problem.ts';
import { parametersOf } from './content-type.ts';
import { malformed, partHeaderOf } from './multipart-header.ts';

/** One uploaded file, as it was sent. */
export interface MultipartFile {
  name: string;
  filename: string;
  contentType: string;
  /** A view of the body, not a copy. */
  bytes: Buffer;
}

/** What a template sees of an uploaded file (compatibility.md LC-10). */
export interface UploadedFile {
  filename: string;
  contentType: string;
  size: number;
  /** Where libs/payloads keeps the content; null while nothing is stored. */
  payloadId: string | null;
}

type Part = { name: string; field: string } | { name: string; file: MultipartFile };

const CRLF = Buffer.from('\r\n');
const HEADER_END = Buffer.from('\r\n\r\n');
/** Far more than a name and a file name need. */
const MAX_HEADER_BYTES = 8_192;
/** RFC 2046 §5.1.1, without the space that it allows inside. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=?]{1,70}$/;
const DASH = 0x2d;
const CR = 0x0d;
const LF = 0x0a;

function boundaryOf(contentType: string | null | undefined): string {
  const boundary = parametersOf(contentType ?? '')?.get('boundary');
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    throw malformed('the Content-Type has no valid boundary');
  }
  return boundary;
}

/** Whether the delimiter that ends at `at` is the closing one, and where the next part starts. */
function afterDelimiter(bytes: Buffer, at: number): { last: boolean; next: number } {
  if (bytes[at] === DASH && bytes[at + 1] === DASH) return { last: true, next: at + 2 };
  let next = at;
  while (bytes[next] === 0x20 || bytes[next] === 0x09) next++;
  if (bytes[next] === CR && bytes[next + 1] === LF) return { last: false, next: next + 2 };
  // Two readers may disagree about what a longer line is; so it is nothing.
  throw malformed('a boundary is followed by something that is neither a line end nor --');
}

function textOfField(bytes: Buffer, part: number): string {
  if (!isUtf8(bytes)) throw new BodyProblem('invalid_utf8', `The field in part ${part} is not valid UTF-8.`);
  return bytes.toString('utf8');
}

function partOf(bytes: Buffer, part: number): Part {
  const headerEnd = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(HEADER_END);
  if (headerEnd === -1) {
    throw malformed(`the header of part ${part} does not end within ${MAX_HEADER_BYTES} bytes`);
  }
  const { name, filename, contentType } = partHeaderOf(bytes.subarray(0, headerEnd), part);
  const content = bytes.subarray(headerEnd + HEADER_END.length);
  if (filename === null) return { name, field: textOfField(content, part) };
  return { name, file: { name, filename, contentType: contentType ?? 'application/octet-stream', bytes: content } };
}

/**
 * The parts of a buffered multipart/form-data body (RFC 7578, RFC 2046 §5.1), in order. Strict: lines end in CR LF,
 * the closing boundary must be there, and nothing but the preamble and the epilogue is passed over.
 */
function partsOf(bytes: Buffer, contentType: string | null | undefined, limits: BodyLimits): Part[] {
  const opening = Buffer.from(`--${boundaryOf(contentType)}`);
  const delimiter = Buffer.concat([CRLF, opening]);
  const atStart = bytes.subarray(0, opening.length).equals(opening);
  const first = atStart ? 0 : bytes.indexOf(delimiter) + CRLF.length;
  if (first < CRLF.length && !atStart) throw malformed('the boundary of the Content-Type is nowhere in it');
  const parts: Part[] = [];
  let { last, next } = afterDelimiter(bytes, first + opening.length);
  while (!last) {
    // The line end of a delimiter may be the one that the next delimiter begins with: then the part is empty.
    const end = bytes.indexOf(delimiter, next - CRLF.length);
    if (end === -1) throw malformed('the closing boundary is missing');
    if (parts.length >= limits.maxParts) {
      throw new BodyProblem('too_many_parts', `There are more than ${limits.maxParts} parts.`);
    }
    parts.push(partOf(bytes.subarray(next, Math.max(next, end)), parts.length + 1));
    ({ last, next } = afterDelimiter(bytes, end + delimiter.length));
  }
  return parts;
}

/**
 * The files of a multipart body, in the order in which `readMultipart` wants their payload ids.
 * @throws BodyProblem as `readMultipart` does.
 */
export function multipartFiles(
  bytes: Buffer,
  contentType: string | null | undefined,
  limits: BodyLimits = DEFAULT_BODY_LIMITS,
): MultipartFile[] {
  return partsOf(bytes, contentType, limits).flatMap((part) => ('file' in part ? [part.file] : []));
}

/**
 * A multipart/form-data body as an object: fields as text, files as what LC-10 shows of them, a repeated name as an
 * array. @param fileIds the payload ids of its files in their order; none before they are stored.
 * @throws BodyProblem `malformed_multipart` | `too_many_parts` | `invalid_utf8`
 */
export function readMultipart(
  bytes: Buffer,
  contentType: string | null | undefined,
  fileIds: readonly string[] = [],
  limits: BodyLimits = DEFAULT_BODY_LIMITS,
): Record<string, unknown> {
  const fields = new Map<string, unknown[]>();
  let files = 0;
  for (const part of partsOf(bytes, contentType, limits)) {
    const value = 'file' in part ? shownFile(part.file, fileIds[files++]) : part.field;
    const before = fields.get(part.name);
    if (before) before.push(value);
    else fields.set(part.name, [value]);
  }
  return Object.fromEntries([...fields].map(([name, all]) => [name, all.length === 1 ? all[0] : all]));
}

function shownFile(file: MultipartFile, payloadId: string | undefined): UploadedFile {
  const { filename, contentType, bytes } = file;
  return { filename, contentType, size: bytes.length, payloadId: payloadId ?? null };
}
