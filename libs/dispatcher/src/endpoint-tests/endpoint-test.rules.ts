import type { AttemptError, EndpointState, FieldProblem } from '@sluice/contracts';
import { covers, endpointProblems, type OutboundRules } from '@sluice/endpoints';

type Sent = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => string | null;

const oneOf =
  (...allowed: string[]): Check =>
  (value) =>
    allowed.includes(value as string) ? null : `must be one of ${allowed.join(', ')}`;
const text: Check = (value) => (typeof value === 'string' && value.length <= 2000 ? null : 'must be text');
const flag: Check = (value) => (typeof value === 'boolean' ? null : 'must be true or false');
const texts: Check = (value) =>
  Array.isArray(value) && value.length <= 100 && value.every((each) => typeof each === 'string')
    ? null
    : 'must be a list of texts';
const anything: Check = () => null;

/** The fields of an endpoint as the registry takes them, and what only a test has. */
const FIELDS: Record<string, Check> = {
  id: (value) => (typeof value === 'string' || Number.isSafeInteger(value) ? null : 'must be an integer or a uuid'),
  kind: oneOf('event', 'inline'),
  name: text,
  description: text,
  events: texts,
  url: anything,
  method: oneOf('POST', 'GET'),
  contentType: oneOf('application/json', 'application/x-www-form-urlencoded'),
  includeEntity: flag,
  enabled: flag,
  headers: anything,
  secret: anything,
  basicUser: text,
  basicPass: anything,
  format: oneOf('etl', 'standard', 'cloudevents'),
  filter: anything,
  transform: anything,
  ordering: anything,
  hookType: anything,
  retry: anything,
  rateLimit: anything,
  concurrency: anything,
  externalKey: anything,
  customer: anything,
  appId: text,
  eventType: text,
  payload: anything,
};

/** What is wrong with a test as it was sent; `stored` is the endpoint that it names, or null. */
export function testProblems(sent: Sent, stored: EndpointState | null, headers: HeaderRules): FieldProblem[] {
  const own = fieldProblems(sent);
  const kind = stored
    ? []
    : sent.kind === undefined
      ? [{ pointer: '/kind', message: 'must be "event" or "inline"' }]
      : [];
  if (own.length > 0 || kind.length > 0) return [...kind, ...own];
  // Who tests may not have chosen the events yet; and what the address is, the test itself tells.
  const outbound: OutboundRules = { checkUrl: readable, ...headers };
  return endpointProblems(sent.kind === 'event' ? { events: ['*'], ...sent } : sent, stored, outbound);
}

/** What somebody with a portal link may try other than it is saved. */
const PORTAL_FIELDS: readonly string[] = ['url', 'headers', 'basicUser', 'basicPass', 'eventType'];

/**
 * What of a test is not for whoever has a portal link; the type of the sample is one that the endpoint gets, because samples show
 * the schemas of types.
 */
export function beyondPortal(sent: Sent, events: readonly string[]): FieldProblem[] {
  const problems = Object.keys(sent)
    .filter((name) => !PORTAL_FIELDS.includes(name))
    .slice(0, 100)
    .map((name) => ({ pointer: pointerOf(name.slice(0, 100)), message: 'is not tried by a portal link' }));
  const { eventType } = sent;
  if (typeof eventType !== 'string' || events.some((pattern) => covers(pattern, eventType))) return problems;
  return [...problems, { pointer: '/eventType', message: 'is not among the events of this endpoint' }];
}

const pointerOf = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** What of the fields alone is wrong, whichever endpoint they are about. */
export function fieldProblems(sent: Sent): FieldProblem[] {
  return Object.entries(sent).flatMap(([name, value]): FieldProblem[] => {
    const pointer = pointerOf(name);
    const check = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (!check) return [{ pointer, message: `unknown field "${name}"` }];
    const message = value === null || value === undefined ? null : check(value);
    return message ? [{ pointer, message }] : [];
  });
}

type HeaderRules = Pick<OutboundRules, 'headerProblem' | 'etlPrefix'>;

function readable(url: string): string | null {
  if (!URL.canParse(url)) return 'not an absolute URL';
  return /^https?:$/.test(new URL(url).protocol) ? null : 'must begin with http:// or https://';
}

/** Where a test went wrong, for the person who fills in the form (LU-03). */
export type TestStage = 'dns' | 'connect' | 'tls' | 'request' | 'auth' | 'format' | 'ok';

const STAGES: Record<string, TestStage> = { address: 'dns', dns: 'dns', connect: 'connect', tls: 'tls' };

/** A time that ran out before the request was sent ran out on the way there. */
export function stageOfError({ stage, message }: Pick<AttemptError, 'stage' | 'message'>): TestStage {
  if (stage === 'timeout' && message.includes('while connecting')) return 'connect';
  return STAGES[stage] ?? 'request';
}

/** A status says whether the credentials were refused. */
export function stageOfStatus(status: number): TestStage {
  if (status >= 200 && status <= 299) return 'ok';
  return status === 401 || status === 403 || status === 407 ? 'auth' : 'request';
}

const HINTS: Record<TestStage, string> = {
  dns: 'Look at the host in the URL: it has no address, or one that may not be called.',
  connect: 'Nobody answers at this address and port: look at the URL, and whether a firewall lets Sluice in.',
  tls: 'The encrypted connection failed: look at the certificate of the receiver.',
  request: 'The receiver was reached and did not take the request: look at the path of the URL and at its answer.',
  auth: 'The receiver refused the credentials: look at the headers, user and password.',
  format: 'The receiver answered, and not in the form that this type needs.',
  ok: '',
};

export function hintOf(stage: TestStage, detail: string): string {
  return [HINTS[stage], detail].filter((each) => each !== '').join(' ');
}
