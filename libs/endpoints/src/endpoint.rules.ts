import { type EndpointState, type FieldProblem, parseDurationMs } from '@sluice/contracts';
import { MASK } from '@sluice/sealed-values';
import { MAX_EVENT_TEMPLATE, templateProblem } from './event-templates.ts';
import { HOOK_TYPES, isHookType } from './hook-types.ts';

/** What only the library of outbound calls can judge. */
export interface OutboundRules {
  /** Why the URL can never be called, or null. */
  checkUrl(url: string): string | null;
  /** Why the header cannot be sent, or null. */
  headerProblem(name: string, value: string): string | null;
  /** What names of headers of format `etl` begin with in this deployment. */
  etlPrefix: string;
}

const MAX_URL = 2048;
const MAX_HEADERS = 50;
const MAX_HEADER_VALUE = 4096;
const MAX_SECRET = 512;
const MAX_SCHEDULE = 20;
const MAX_RETRY_DELAY_MS = 7 * 86_400_000;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=?|[A-Za-z0-9+/]{2})?$/;
/** Headers that say what a delivery is (ET-08), and how its body is to be read. */
const OURS = /^(?:x-etl-webhook-.*|webhook-(?:id|timestamp|signature)|sluice-hops|content-type)$/i;

/** Whether a header says what a request is, so that no setting may give it (ET-08). */
export function isSluiceHeader(name: string, etlPrefix: string): boolean {
  return OURS.test(name) || name.toLowerCase().startsWith(`${etlPrefix.toLowerCase()}-`);
}

/** Everything that decorators cannot say about an endpoint as it was sent; `stored` is what it changes, or null. */
export function endpointProblems(
  sent: Readonly<Record<string, unknown>>,
  stored: EndpointState | null,
  outbound: OutboundRules,
): FieldProblem[] {
  return [
    ...urlProblems(sent.url, stored, outbound),
    ...headersProblems(sent.headers, stored, outbound),
    ...secretProblems('/secret', sent.secret, stored?.secret ?? null),
    ...secretProblems('/basicPass', sent.basicPass, stored?.basicPass ?? null),
    ...retryProblems(sent.retry),
    ...basicProblems(sent, stored),
    ...templateProblems(sent),
    ...kindProblems(sent, stored),
  ];
}

/** `filter`, `transform` and `ordering` are templates over the event. */
function templateProblems(sent: Readonly<Record<string, unknown>>): FieldProblem[] {
  return ['filter', 'transform', 'ordering'].flatMap((name): FieldProblem[] => {
    const source = sent[name];
    const pointer = `/${name}`;
    if (source === undefined || source === null || (name === 'ordering' && source === 'endpoint')) return [];
    if (typeof source !== 'string' || source.trim() === '' || source.length > MAX_EVENT_TEMPLATE) {
      return [{ pointer, message: `must be a template of 1 to ${MAX_EVENT_TEMPLATE} characters, or null` }];
    }
    const message = templateProblem(source, { bare: name !== 'transform' });
    return message ? [{ pointer, message }] : [];
  });
}

/** What a read shows of the retries of an inline endpoint may be sent back. */
const SHOWN_ONCE = '{"schedule":["PT0S"]}';
/** Settings that an inline endpoint has not: it is called by POST with the payload of its type, and once (LU-02, LU-08). */
const NOT_INLINE = ['retry', 'filter', 'transform', 'ordering'];

function kindProblems(sent: Readonly<Record<string, unknown>>, stored: EndpointState | null): FieldProblem[] {
  const kind = stored?.kind ?? sent.kind;
  const { hookType, events } = sent;
  if (stored && sent.kind !== undefined && sent.kind !== kind) {
    return [{ pointer: '/kind', message: `is "${kind}" and does not change` }];
  }
  if (kind === 'event') {
    const missing = stored ? Array.isArray(events) && events.length === 0 : events === undefined;
    return [
      ...(missing ? [{ pointer: '/events', message: 'must name at least one event type, or "*" for all' }] : []),
      ...(hookType === undefined || hookType === null
        ? []
        : [{ pointer: '/hookType', message: 'is for inline endpoints' }]),
    ];
  }
  if (kind !== 'inline') return [];
  const ofType = hookType === undefined ? stored?.hookType : hookType;
  const problems: FieldProblem[] = isHookType(ofType)
    ? []
    : [{ pointer: '/hookType', message: `must be one of ${HOOK_TYPES.join(', ')}` }];
  if (Array.isArray(events) && events.length > 0) {
    problems.push({ pointer: '/events', message: 'is for event endpoints; an inline one is called by a flow' });
  }
  if (sent.method === 'GET') problems.push({ pointer: '/method', message: 'an inline endpoint is called by POST' });
  if (sent.contentType === 'application/x-www-form-urlencoded') {
    problems.push({ pointer: '/contentType', message: 'an inline endpoint is sent JSON' });
  }
  for (const name of NOT_INLINE) {
    if (sent[name] === undefined || sent[name] === null || JSON.stringify(sent[name]) === SHOWN_ONCE) continue;
    problems.push({ pointer: `/${name}`, message: 'an inline endpoint is called once and has no such setting' });
  }
  return problems;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function urlProblems(url: unknown, stored: EndpointState | null, outbound: OutboundRules): FieldProblem[] {
  const pointer = '/url';
  if (url === undefined) return stored ? [] : [{ pointer, message: 'is required' }];
  if (typeof url !== 'string' || url.length > MAX_URL) {
    return [{ pointer, message: `must be a URL of at most ${MAX_URL} characters, as text` }];
  }
  const problem = outbound.checkUrl(url);
  return problem ? [{ pointer, message: problem }] : [];
}

function headersProblems(headers: unknown, stored: EndpointState | null, outbound: OutboundRules): FieldProblem[] {
  if (headers === undefined) return [];
  if (!Array.isArray(headers)) return [{ pointer: '/headers', message: 'must be a list of {key, value}' }];
  if (headers.length > MAX_HEADERS)
    return [{ pointer: '/headers', message: `must have at most ${MAX_HEADERS} headers` }];
  const seen = new Set<string>();
  const keepable = new Set(stored?.headers.map((header) => header.key.toLowerCase()));
  return headers.flatMap((header: unknown, index): FieldProblem[] => {
    const pointer = `/headers/${index}`;
    if (!isObject(header)) return [{ pointer, message: 'must be an object {key, value}' }];
    const unknown = Object.keys(header)
      .filter((name) => name !== 'key' && name !== 'value')
      .map((name) => ({
        pointer: `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        message: `unknown field "${name}"`,
      }));
    return [...unknown, ...headerProblems(header, pointer, seen, keepable, outbound)];
  });
}

function headerProblems(
  { key, value }: Record<string, unknown>,
  pointer: string,
  seen: Set<string>,
  keepable: ReadonlySet<string>,
  outbound: OutboundRules,
): FieldProblem[] {
  if (typeof key !== 'string') return [{ pointer: `${pointer}/key`, message: 'must be text' }];
  if (typeof value !== 'string') return [{ pointer: `${pointer}/value`, message: 'must be text' }];
  const name = key.toLowerCase();
  const problems: FieldProblem[] = [];
  if (isSluiceHeader(name, outbound.etlPrefix))
    problems.push({ pointer: `${pointer}/key`, message: `${key} is set by Sluice itself` });
  if (seen.has(name)) problems.push({ pointer: `${pointer}/key`, message: `${key} comes twice` });
  seen.add(name);
  if (value === MASK && !keepable.has(name)) {
    problems.push({ pointer: `${pointer}/value`, message: 'is the mask, but no value is stored for this header' });
  }
  if (value.length > MAX_HEADER_VALUE) {
    problems.push({ pointer: `${pointer}/value`, message: `must have at most ${MAX_HEADER_VALUE} characters` });
  }
  const problem = outbound.headerProblem(key, value);
  if (problem) problems.push({ pointer, message: problem });
  return problems;
}

/** `stored`: what the mask would keep. */
export function secretProblems(pointer: string, value: unknown, stored: object | null): FieldProblem[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value !== 'string' || value.length > MAX_SECRET) {
    return [{ pointer, message: `must be text of at most ${MAX_SECRET} characters` }];
  }
  if (value === MASK && !stored) return [{ pointer, message: 'is the mask, but no value is stored' }];
  if (pointer === '/secret' && value.startsWith('whsec_')) {
    const key = value.slice('whsec_'.length);
    if (key === '' || !BASE64.test(key)) return [{ pointer, message: 'must be base64 after "whsec_"' }];
  }
  return [];
}

function retryProblems(retry: unknown): FieldProblem[] {
  if (retry === undefined || retry === null) return [];
  if (!isObject(retry)) return [{ pointer: '/retry', message: 'must be an object {schedule}' }];
  const unknown = Object.keys(retry)
    .filter((name) => name !== 'schedule')
    .map((name) => ({
      pointer: `/retry/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: `unknown field "${name}"`,
    }));
  const { schedule } = retry;
  if (!Array.isArray(schedule) || schedule.length === 0 || schedule.length > MAX_SCHEDULE) {
    const message = `must be a list of 1 to ${MAX_SCHEDULE} ISO 8601 durations, one per attempt`;
    return [...unknown, { pointer: '/retry/schedule', message }];
  }
  const wrong = schedule.flatMap((delay: unknown, index) => {
    const ms = typeof delay === 'string' ? parseDurationMs(delay) : null;
    const fits = ms !== null && ms <= MAX_RETRY_DELAY_MS;
    return fits
      ? []
      : [{ pointer: `/retry/schedule/${index}`, message: 'must be an ISO 8601 duration of at most P7D' }];
  });
  return [...unknown, ...wrong];
}

/** RFC 7617 §2: the user's name ends at the first colon. */
function basicProblems(sent: Readonly<Record<string, unknown>>, stored: EndpointState | null): FieldProblem[] {
  const user = sent.basicUser === undefined ? (stored?.basicUser ?? null) : sent.basicUser;
  const problems: FieldProblem[] = [];
  if (typeof user === 'string' && user.includes(':'))
    problems.push({ pointer: '/basicUser', message: 'must not contain ":"' });
  if (!user && typeof sent.basicPass === 'string' && sent.basicPass !== '') {
    problems.push({ pointer: '/basicPass', message: 'needs basicUser' });
  }
  return problems;
}
