import type { CloudEvent, FieldProblem } from '@sluice/contracts';

/** CloudEvents 1.0.2 §3: names of attributes are lower-case letters and digits. */
const NAME = /^[a-z0-9]{1,64}$/;
/** RFC 3339 §5.6. */
const TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;.*)?$/;
/** What a URI-reference (RFC 3986) can never contain. */
const NOT_IN_A_URI = /[\s<>"{}|\\^`]/;
const CONTROL = /\p{Cc}/u;
const MAX_INT = 2_147_483_647;

/** Longest values; the three that identify an event are kept in keys and headers. */
const LONGEST = { id: 512, source: 1_024, type: 255, subject: 1_024, other: 4_096 } as const;

type Report = (attribute: string, message: string) => void;

/**
 * Checks the attributes of one event and returns it without those that are null (JSON format §2.2: null is absence).
 * Every problem is reported, at the pointer of its attribute.
 */
export function checkCloudEvent(
  input: unknown,
  pointer: string,
): { event: CloudEvent; problems: readonly FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const report: Report = (attribute, message) => {
    const name = attribute.replaceAll('~', '~0').replaceAll('/', '~1');
    problems.push({ pointer: attribute === '' ? pointer : `${pointer}/${name}`, message });
  };
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    report('', 'must be a JSON object with the attributes of a CloudEvent');
    return { event: input as CloudEvent, problems };
  }
  const attributes = Object.entries(input).filter(([name, value]) => value !== null || name === 'data');
  const event = Object.fromEntries(attributes) as CloudEvent;
  if (event.specversion !== '1.0') report('specversion', 'must be "1.0"');
  checkText(event.id, 'id', true, LONGEST.id, report);
  if (checkText(event.source, 'source', true, LONGEST.source, report) && NOT_IN_A_URI.test(event.source)) {
    report('source', 'must be a URI reference');
  }
  checkText(event.type, 'type', true, LONGEST.type, report);
  checkText(event.subject, 'subject', false, LONGEST.subject, report);
  checkOptional(event, report);
  for (const [name, value] of attributes) if (!KNOWN.has(name)) checkExtension(name, value, report);
  return { event, problems };
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
  else if (value.length > longest) report(name, `must have at most ${longest} characters`);
  else if (CONTROL.test(value)) report(name, 'must not contain control characters');
  else return true;
  return false;
}

function checkOptional(event: CloudEvent, report: Report): void {
  const { time, datacontenttype, dataschema, data_base64: base64 } = event;
  if (time !== undefined && (typeof time !== 'string' || !TIME.test(time) || Number.isNaN(Date.parse(time)))) {
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

function checkExtension(name: string, value: unknown, report: Report): void {
  if (!NAME.test(name)) report(name, 'is not an attribute name: lower-case letters and digits');
  if (typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || Math.abs(value) > MAX_INT) report(name, 'must be a 32-bit integer');
    return;
  }
  if (typeof value !== 'string') report(name, 'must be a string, an integer or a boolean');
  else if (value.length > LONGEST.other) report(name, `must have at most ${LONGEST.other} characters`);
  else if (CONTROL.test(value)) report(name, 'must not contain control characters');
}
