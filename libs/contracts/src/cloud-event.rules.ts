import type { FieldProblem } from './app-error.ts';
import { isCalendarDay } from './calendar-day.ts';
import type { CloudEvent } from './gateway-events.ts';

/** CloudEvents 1.0.2 §3.1: lower-case letters and digits. That they should have at most 20 is advice, so more are taken. */
const NAME = /^[a-z0-9]{1,64}$/;
/** RFC 3339 §5.6. */
const TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;.*)?$/;
/** What a URI-reference (RFC 3986) can never contain. */
const NOT_IN_A_URI = /[\s<>"{}|\\^`]/;
const CONTROL = /\p{Cc}/u;
const MAX_INT = 2_147_483_647;

/** Longest values, in characters; the three that identify an event are kept in keys and headers. */
const LONGEST = { id: 512, source: 1_024, type: 255, subject: 1_024, other: 4_096 } as const;
/** Extensions travel with the event to every endpoint: as many, and as many characters of names and values, as headers may have. */
const MOST_EXTENSIONS = 64;
const LONGEST_EXTENSIONS = 16_384;

/** A name that is none may be as long as the body. */
const LONGEST_SHOWN_NAME = 200;

/** A value of an extension (§3.1): text, a 32-bit integer or a boolean. */
export type ExtensionValue = string | number | boolean;

type Report = (attribute: string, message: string) => void;

/**
 * Checks the attributes of one event, by whichever door it comes, and returns it without those that are null (JSON format §2.2: null is absence).
 * Every problem is reported, at the pointer of its attribute.
 */
export function checkCloudEvent(
  input: unknown,
  pointer: string,
  longest: { id: number; source: number } = LONGEST,
): { event: CloudEvent; problems: readonly FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const report: Report = (attribute, message) => {
    const name = attribute.slice(0, LONGEST_SHOWN_NAME).replaceAll('~', '~0').replaceAll('/', '~1');
    problems.push({ pointer: attribute === '' ? pointer : `${pointer}/${name}`, message });
  };
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    report('', 'must be a JSON object with the attributes of a CloudEvent');
    return { event: input as CloudEvent, problems };
  }
  const attributes = Object.entries(input).filter(([name, value]) => value !== null || name === 'data');
  const event = Object.fromEntries(attributes) as CloudEvent;
  if (event.specversion !== '1.0') report('specversion', 'must be "1.0"');
  checkText(event.id, 'id', true, longest.id, report);
  if (checkText(event.source, 'source', true, longest.source, report) && NOT_IN_A_URI.test(event.source)) {
    report('source', 'must be a URI reference');
  }
  checkText(event.type, 'type', true, LONGEST.type, report);
  checkText(event.subject, 'subject', false, LONGEST.subject, report);
  checkOptional(event, report);
  checkExtensions(
    attributes.filter(([name]) => !KNOWN.has(name)),
    report,
  );
  return { event, problems };
}

/** The extension attributes of an event that was checked; undefined when it has none. */
export function extensionsOf(event: CloudEvent): Record<string, ExtensionValue> | undefined {
  const extensions = Object.entries(event).filter(([name]) => !KNOWN.has(name)) as [string, ExtensionValue][];
  return extensions.length === 0 ? undefined : Object.fromEntries(extensions);
}

const KNOWN: ReadonlySet<string> = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
  'data',
  'data_base64',
]);

/** True when the value is usable text. */
function checkText(value: unknown, name: string, required: boolean, longest: number, report: Report): boolean {
  if (value === undefined) {
    if (required) report(name, 'is required');
    return false;
  }
  if (typeof value !== 'string' || value === '') report(name, 'must be a non-empty string');
  else return checkCharacters(value, name, longest, report);
  return false;
}

/** §3.1: neither control characters nor what UTF-8 cannot write. */
function checkCharacters(value: string, name: string, longest: number, report: Report): boolean {
  if (value.length > longest) report(name, `must have at most ${longest} characters`);
  else if (CONTROL.test(value)) report(name, 'must not contain control characters');
  else if (!value.isWellFormed()) report(name, 'must not contain half of a surrogate pair');
  else return true;
  return false;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value)) && isCalendarDay(value);
}

function checkOptional(event: CloudEvent, report: Report): void {
  const { time, datacontenttype, dataschema, data_base64: base64 } = event;
  if (time !== undefined && !isTime(time)) {
    report('time', 'must be an RFC 3339 time such as 2026-01-31T12:00:00Z');
  }
  if (checkText(datacontenttype, 'datacontenttype', false, LONGEST.other, report)) {
    if (!MEDIA_TYPE.test(datacontenttype as string)) report('datacontenttype', 'must be a media type');
  }
  if (checkText(dataschema, 'dataschema', false, LONGEST.other, report)) {
    if (!URL.canParse(dataschema as string)) report('dataschema', 'must be an absolute URI');
  }
  if (base64 === undefined) return;
  if (event.data !== undefined) report('data_base64', 'cannot stand beside data');
  if (typeof base64 !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    report('data_base64', 'must be base64 text');
  }
}

function checkExtensions(extensions: readonly [string, unknown][], report: Report): void {
  if (extensions.length > MOST_EXTENSIONS) {
    report('', `must have at most ${MOST_EXTENSIONS} extension attributes; it has ${extensions.length}`);
    return;
  }
  for (const [name, value] of extensions) checkExtension(name, value, report);
  const characters = extensions.reduce((sum, [name, value]) => sum + name.length + lengthOf(value), 0);
  if (characters > LONGEST_EXTENSIONS) {
    report('', `must have at most ${LONGEST_EXTENSIONS} characters of extension attributes; it has ${characters}`);
  }
}

/** Numbers and booleans are short; an object, which may have a `toString` of its own, is refused anyway. */
function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 0;
}

function checkExtension(name: string, value: unknown, report: Report): void {
  if (!NAME.test(name)) report(name, 'is not an attribute name: lower-case letters and digits');
  if (typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || Math.abs(value) > MAX_INT) report(name, 'must be a 32-bit integer');
    return;
  }
  if (typeof value !== 'string') report(name, 'must be a string, an integer or a boolean');
  else checkCharacters(value, name, LONGEST.other, report);
}
