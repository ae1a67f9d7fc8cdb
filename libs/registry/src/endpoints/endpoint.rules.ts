import { type EndpointState, type FieldProblem, parseDurationMs } from '@sluice/contracts';
import { MASK } from '../sealing/sealing.decider.ts';

/** What only the library of outbound calls can judge. */
export interface OutboundRules {
  /** Why the URL can never be called, or null. */
  checkUrl(url: string): string | null;
  /** Why the header cannot be sent, or null. */
  headerProblem(name: string, value: string): string | null;
}

const MAX_URL = 2048;
const MAX_HEADERS = 50;
const MAX_HEADER_VALUE = 4096;
const MAX_SECRET = 512;
const MAX_SCHEDULE = 20;
const MAX_RETRY_DELAY_MS = 7 * 86_400_000;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=?|[A-Za-z0-9+/]{2})?$/;
/** Headers that say what a delivery is (ET-08), and how its body is to be read. */
const OURS = /^(?:x-etl-webhook-.*|webhook-(?:id|timestamp|signature)|content-type)$/i;

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
  ];
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
  if (OURS.test(name)) problems.push({ pointer: `${pointer}/key`, message: `${key} is set by Sluice itself` });
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

function secretProblems(pointer: string, value: unknown, stored: object | null): FieldProblem[] {
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
