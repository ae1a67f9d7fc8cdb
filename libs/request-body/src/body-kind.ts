import { BodyProblem } from './body-problem.ts';

/** How a body is to be read; `TriggerAccepted.bodyKind` records it. */
export type BodyKind = 'json' | 'form' | 'empty';

/** The lower-case media type of a Content-Type header without its parameters; empty when there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  if (contentType === undefined) return '';
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** `application/json`, `text/json` and the structured syntax suffix `+json` (RFC 6839). */
export function isJsonType(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType === 'text/json' || mediaType.endsWith('+json');
}

const FORM = 'application/x-www-form-urlencoded';
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const EQUALS = 0x3d;

/**
 * How a native trigger reads a body: the rules of compatibility.md LC-10 for JSON and forms. A JSON type is JSON. A
 * form type, text/plain or no type is JSON when its first byte is `{` or `[` (`curl -d` calls everything a form, and
 * some senders call their JSON text/plain), otherwise a form by its type or because there is a `=` in it.
 * @throws BodyProblem `unsupported_content_type`
 */
export function bodyKindOf(contentType: string | undefined, body: Uint8Array): BodyKind {
  if (body.length === 0) return 'empty';
  const type = mediaTypeOf(contentType);
  if (isJsonType(type)) return 'json';
  if (type === FORM || type === 'text/plain' || type === '') {
    if (body[0] === OPEN_OBJECT || body[0] === OPEN_ARRAY) return 'json';
    if (type === FORM || body.includes(EQUALS)) return 'form';
  }
  throw new BodyProblem('unsupported_content_type', reasonFor(type));
}

function reasonFor(type: string): string {
  const accepted = 'Send application/json or application/x-www-form-urlencoded.';
  if (type === '') return `The body has no Content-Type and is neither JSON nor form data. ${accepted}`;
  return `Content-Type ${type.slice(0, 100)} is not supported here. ${accepted}`;
}
