import { createHash } from 'node:crypto';
import { databaseUrlOf } from './held-runner.ts';
import type { BenchArguments } from './rounds.ts';
import { fillLog, KINDS, type LogFill, SUBJECTS, subjectId, timeOfStory } from '../log-fill.ts';
import { type Product, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';

/** Of each of the four kinds that a search looks at. */
const STORIES = 2_500_000;
const DAYS = 25;
const DAY_MS = 86_400_000;
const DEFAULT_APP = '00000000-0000-7000-8000-00000000da00';
const ASKED_EACH = 40;

export function fillOf(stories = STORIES): LogFill {
  // Today and yesterday have partitions already.
  const endMs = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS;
  return { stories, days: DAYS, endMs, appId: DEFAULT_APP };
}

/** The id of the n-th story's request or delivery, as the fill makes it. */
function idOf(fill: LogFill, kind: string, n: number): string {
  const time = timeOfStory(fill, n).toString(16).padStart(12, '0');
  const rest = createHash('md5').update(`${n}${kind}`).digest('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-8${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`;
}

const anyOf = (count: number): number => Math.floor(Math.random() * count);

/** What is asked: each a path with other values every time. */
export function questions(fill: LogFill): Record<string, () => string> {
  const any = () => anyOf(fill.stories - 1);
  const range = (ms: number) => {
    const from = timeOfStory(fill, any());
    return `since=${new Date(from).toISOString()}&until=${new Date(from + ms).toISOString()}`;
  };
  const search = (query: () => string) => () => `/v1/search?${query()}`;
  const trigger = () => `triggerId=${subjectId(KINDS.trigger, anyOf(SUBJECTS.triggers))}`;
  const flow = () => `flowId=${subjectId(KINDS.flow, anyOf(SUBJECTS.flows))}`;
  const endpoint = () => `endpointId=${anyOf(SUBJECTS.endpoints) + 1}`;
  return {
    'timeline of a request': () => `/v1/timeline/${idOf(fill, 'r', any())}`,
    'timeline of a delivery': () => `/v1/timeline/${idOf(fill, 'd', any())}`,
    'search: newest': search(() => ''),
    'search: an hour': search(() => range(3_600_000)),
    'search: id': search(() => `id=${idOf(fill, 'd', any())}`),
    'search: trigger, all kinds': search(trigger),
    'search: trigger, requests': search(() => `${trigger()}&kinds=request`),
    'search: flow, all kinds': search(flow),
    'search: flow, runs of a day': search(() => `${flow()}&kinds=run&${range(DAY_MS)}`),
    'search: endpoint': search(endpoint),
    'search: endpoint and status': search(() => `${endpoint()}&status=failed`),
    'search: event type': search(() => `eventType=order.type${anyOf(SUBJECTS.types)}`),
    'search: event type that never was': search(() => 'eventType=order.none'),
    'search: status failed': search(() => 'status=failed'),
    'search: status code 500': search(() => 'statusCode=500'),
    'search: status code that never was': search(() => 'statusCode=418'),
    'search: text, of an hour': search(() => `q=${idOf(fill, 'r', any()).slice(-6)}&${range(3_600_000)}`),
    'search: text that never was': search(() => 'q=nowhere-to-be-found'),
    'requests of a day long ago': () => `/v1/requests?${range(DAY_MS)}`,
    'events of an hour long ago': () => `/v1/events?${range(3_600_000)}`,
    'deliveries of an endpoint, failed': () => `/v1/deliveries?${endpoint()}&status=failed`,
  };
}

async function ask(product: Product, name: string, path: () => string): Promise<Row> {
  const took: number[] = [];
  let items = 0;
  for (let n = 0; n < ASKED_EACH; n++) {
    const from = performance.now();
    const answer = await product.call('GET', path());
    took.push(performance.now() - from);
    items += Array.isArray(answer.items) ? answer.items.length : 1;
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return {
    question: name,
    'p50 ms': at(0.5),
    'p95 ms': at(0.95),
    'max ms': at(1),
    'items on average': items / ASKED_EACH,
  };
}

/** Everything once, and then measured: the first plans and reads of a page are in neither. */
export async function askAll(product: Product, fill: LogFill): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, path] of Object.entries(questions(fill))) {
    await product.call('GET', path());
    rows.push(await ask(product, name, path));
  }
  return rows;
}

/** The delivery log's filters and timelines over ten million stored requests, runs, events and deliveries. */
export async function search(_args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: 1 });
  try {
    const fill = fillOf();
    const from = performance.now();
    await fillLog(databaseUrlOf(product.system), fill);
    const fillSeconds = Math.round((performance.now() - from) / 1000);
    return {
      conditions: `${4 * fill.stories} requests, runs, events and deliveries of one app in ${DAYS} days (and as many steps and attempts), filled in ${fillSeconds} s; ${ASKED_EACH} times each over HTTP, one at a time`,
      rows: await askAll(product, fill),
    };
  } finally {
    await product.system.remove();
  }
}
