import { BodyProblem } from './body-problem.ts';
import { BODY_RULES, type BodyProfile, type BodyRules } from './body-rules.ts';
import { isJsonType, mediaTypeOf, parametersOf, requireUtf8 } from './content-type.ts';

/** How a body is to be read; `TriggerAccepted.bodyKind` records it. */
export type BodyKind = 'json' | 'form' | 'xml' | 'multipart' | 'empty';

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const EQUALS = 0x3d;

/**
 * How a body is to be read: compatibility.md LC-10 by the rules of the trigger's profile (body-rules.ts). A JSON type
 * is JSON, an XML type XML. A form type, and a type that says nothing, is JSON when its first byte is `{` or `[`
 * (`curl -d` calls everything a form), otherwise a form by its type or because there is a `=` in it.
 * @throws BodyProblem `unsupported_content_type` | `unsupported_charset`
 */
export function bodyKindOf(
  contentType: string | undefined,
  body: Uint8Array,
  profile: BodyProfile = 'native',
): BodyKind {
  if (body.length === 0) return 'empty';
  const type = mediaTypeOf(contentType);
  const kind = kindOf(type, body, BODY_RULES[profile]);
  if (kind === null) throw new BodyProblem('unsupported_content_type', reasonFor(type, BODY_RULES[profile]));
  if (kind !== 'multipart' && contentType !== undefined && contentType.length > type.length) {
    requireUtf8(parametersOf(contentType)?.get('charset'), body);
  }
  return kind;
}

function kindOf(type: string, body: Uint8Array, rules: BodyRules): BodyKind | null {
  if (rules.onlyJson || isJsonType(type)) return 'json';
  if (isXmlType(type)) return rules.xml ? 'xml' : null;
  const guesses = rules.guesses === 'every-type' || type === '' || type === 'text/plain';
  if ((guesses || type === FORM) && startsJson(body)) return 'json';
  if (type === MULTIPART) return 'multipart';
  return type === FORM || (guesses && body.includes(EQUALS)) ? 'form' : null;
}

function isXmlType(type: string): boolean {
  return type === 'application/xml' || type === 'text/xml' || type.endsWith('+xml');
}

/** Whether the first byte is a bracket; a byte order mark before it counts for nothing. */
function startsJson(body: Uint8Array): boolean {
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const first = body[hasMark ? 3 : 0];
  return first === OPEN_OBJECT || first === OPEN_ARRAY;
}

function reasonFor(type: string, rules: BodyRules): string {
  const xml = rules.xml ? ', application/xml' : '';
  const accepted = `Send application/json${xml}, ${FORM} or ${MULTIPART}.`;
  if (type === '') return `The body has no Content-Type and is neither JSON nor form data. ${accepted}`;
  return `Content-Type ${type.slice(0, 100)} is not supported here. ${accepted}`;
}
