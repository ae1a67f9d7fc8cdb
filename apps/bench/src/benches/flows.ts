import { recordingReceiver } from '@sluice/testing';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWERING_FLOW, nodeMemoryMiB, type Product, startProduct } from '../product.ts';
import { type BenchResult, median, type Row } from '../report.ts';
import { databaseUrlOf } from './held-runner.ts';
import type { BenchArguments } from './rounds.ts';

const PATIENCE_MS = 120_000;
const WEBHOOK = { ref: 'web', type: 'webhook' };

interface Run {
  id: string;
  status: string;
  runMs: number | null;
  finishedAt: string | null;
  steps: { ref: string; output: { until?: string } | null }[];
}

async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (const from = Date.now(); Date.now() - from < PATIENCE_MS; await sleep(100)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error('it did not come to that within two minutes');
}

async function newFlow(product: Product, steps: unknown[], more: object = {}): Promise<string> {
  const flow = await product.call('POST', '/v1/flows', { name: 'Bench', status: 'active', steps, ...more });
  return String(flow.id);
}

const begin = async (product: Product, flowId: string, input: unknown = {}): Promise<string> =>
  String((await product.call('POST', `/v1/flows/${flowId}/run`, { input })).id);
const runOf = async (product: Product, id: string): Promise<Run> =>
  (await product.call('GET', `/v1/runs/${id}`)) as unknown as Run;
const ended = (product: Product, id: string): Promise<Run> =>
  until(async () => {
    const run = await runOf(product, id);
    return run.finishedAt === null ? null : run;
  });

/** The most memory that the product has while something goes on. */
async function peakWhile<T>(product: Product, work: Promise<T>): Promise<{ value: T; peakMiB: number }> {
  let peakMiB = 0;
  const timer = setInterval(() => {
    peakMiB = Math.max(peakMiB, nodeMemoryMiB(product.system));
  }, 50);
  try {
    return { value: await work, peakMiB };
  } finally {
    clearInterval(timer);
  }
}

async function onSql<T>(product: Product, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrlOf(product.system) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A run over 10,000 items that computes, and one that makes a call for each of them. */
export async function foreach(args: BenchArguments): Promise<BenchResult> {
  const receiver = await recordingReceiver({ respond: () => ({ status: 204 }) });
  const product = await startProduct('standalone', { triggers: 0 });
  const each = { ref: 'each', type: 'foreach', in: '{{ range(10000) }}', parallel: 50 };
  const call = { ref: 'c', type: 'http', method: 'POST', url: `${receiver.url}/`, expect: ['2xx'] };
  const flows = {
    'set for each of 10,000': {
      ...each,
      steps: [{ ref: 's', type: 'set', values: { n: '{{ item * 2 }}' } }],
      collect: '{{ s.n }}',
    },
    'call for each of 10,000': { ...each, steps: [call], collect: false },
  };
  const rows: Row[] = [];
  try {
    for (const [what, loop] of Object.entries(flows)) {
      const flowId = await newFlow(product, [WEBHOOK, loop]);
      const seconds: number[] = [];
      const grown: number[] = [];
      for (let round = 0; round < args.rounds; round++) {
        const before = nodeMemoryMiB(product.system);
        const { value, peakMiB } = await peakWhile(
          product,
          begin(product, flowId).then((id) => ended(product, id)),
        );
        if (value.status !== 'succeeded') throw new Error(`${what}: ${JSON.stringify(value).slice(0, 1_000)}`);
        seconds.push((value.runMs ?? Number.NaN) / 1_000);
        grown.push(peakMiB - before);
        receiver.clear();
      }
      rows.push({
        what,
        seconds: median(seconds),
        'slowest round': Math.max(...seconds),
        'MiB more at the peak, by round': grown.join(', '),
      });
    }
  } finally {
    await product.system.remove();
    await receiver.close();
  }
  return { conditions: `${args.rounds} rounds, 50 items at a time, standalone`, rows };
}

const SLEEPERS = 1_000_000;
const WOKEN = 1_000;

/** A million rows of runs that wait, due from tomorrow on, as 200 flows have them. */
const FILL = `insert into runner.due (id, key, due_at, payload)
  select gen_random_uuid(), md5((i % 200)::text)::uuid::text, now() + interval '1 day' + i * interval '1 second', 'null'
  from generate_series(1, $1) as i`;

/** How late runs wake among a million that wait, and what these cost in memory. */
export async function waitingRuns(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: 0 });
  try {
    const flowId = await newFlow(product, [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT20S' }]);
    const alone = await latenessOf(product, flowId);
    await sleep(10_000);
    const before = nodeMemoryMiB(product.system);
    const filledMs = Date.now();
    await onSql(product, (client) => client.query(FILL, [SLEEPERS]));
    const fillSeconds = (Date.now() - filledMs) / 1_000;
    await sleep(15_000);
    const during = nodeMemoryMiB(product.system);
    const among = await latenessOf(product, flowId);
    const shown = (what: string, lateMs: readonly number[], mib: number): Row => ({
      what,
      'median ms late': median(lateMs),
      'p99 ms late': lateMs.toSorted((a, b) => a - b)[Math.floor(lateMs.length * 0.99)] ?? Number.NaN,
      'MiB of the process': mib,
    });
    return {
      conditions: `${args.rounds > 1 ? 'one round, ' : ''}${WOKEN} runs with a delay of 20 s; ${SLEEPERS} rows filled in by SQL within ${fillSeconds.toFixed(0)} s`,
      rows: [shown('alone', alone, before), shown('among a million that wait', among, during)],
    };
  } finally {
    await product.system.remove();
  }
}

/** Milliseconds from the end of each delay to the end of its run. */
async function latenessOf(product: Product, flowId: string): Promise<number[]> {
  const ids: string[] = [];
  for (let count = 0; count < WOKEN; count += 20) {
    ids.push(...(await Promise.all(Array.from({ length: 20 }, () => begin(product, flowId)))));
  }
  await sleep(22_000);
  const late: number[] = [];
  for (const id of ids) {
    const run = await ended(product, id);
    const untilMs = Date.parse(run.steps.find(({ ref }) => ref === 'nap')?.output?.until ?? '');
    late.push(Date.parse(run.finishedAt ?? '') - untilMs);
  }
  return late;
}

const QUEUED = 100_000;
const PER_SECOND = 50;

/** Copies of a run that is queued: nobody can send so many within a bench. */
const QUEUE = `insert into runner.ordered_runs (run_id, ordering_key, bytes, pending, rank)
  select gen_random_uuid(), ordering_key, bytes, pending, rank from runner.ordered_runs, generate_series(1, $1)`;

/** What the runs of one app that wait by the hundred thousand cost the callers of another app. */
export async function queued(args: BenchArguments): Promise<BenchResult> {
  const [free, limited] = [[], []] as [number[][], number[][]];
  const product = await startProduct('standalone', { triggers: 1, flow: ANSWERING_FLOW });
  try {
    const app = String((await product.call('POST', '/v1/apps', { name: 'Neighbour' })).id);
    const concurrency = { limit: 10, whenFull: 'queue' };
    const flow = await product.call('POST', '/v1/flows', { ...ANSWERING_FLOW, concurrency, appId: app });
    const trigger = await product.call('POST', '/v1/triggers', {
      flowId: flow.id,
      name: 'limited',
      profile: 'native',
      auth: { type: 'bearer' },
      appId: app,
    });
    const own = { path: `/t/${String(trigger.id)}`, token: String(trigger.token) };
    const other = product.targets[0] as { path: string; token: string };
    const measure = async () => {
      free.push(await latencies(product, other, args.seconds));
      limited.push(await latencies(product, own, args.seconds));
    };
    await latencies(product, other, 5);
    for (let round = 0; round < args.rounds; round++) await measure();
    await fillQueue(product);
    for (let round = 0; round < args.rounds; round++) await measure();
    const row = (what: string, all: readonly number[][]): Row => {
      const p99 = (rounds: readonly number[][]) =>
        median(rounds.map((each) => each[Math.floor(each.length * 0.99)] ?? Number.NaN));
      const [before, during] = [p99(all.slice(0, args.rounds)), p99(all.slice(args.rounds))];
      return { what, 'p99 ms before': before, 'p99 ms beside 100,000 queued': during, ratio: during / before };
    };
    return {
      conditions: `${args.rounds} rounds of ${args.seconds} s, ${PER_SECOND} calls a second that wait for their run, standalone`,
      rows: [row('flow without a limit', free), row('flow with a limit of 10, in another app', limited)],
    };
  } finally {
    await product.system.remove();
  }
}

/** Of an app whose flow has room for one run, which sleeps. */
async function fillQueue(product: Product): Promise<void> {
  const app = String((await product.call('POST', '/v1/apps', { name: 'Crowd' })).id);
  const concurrency = { limit: 1, whenFull: 'queue' };
  const flowId = await newFlow(product, [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT5H' }], {
    concurrency,
    appId: app,
  });
  await begin(product, flowId);
  const second = await begin(product, flowId);
  await until(async () => ((await runOf(product, second)).status === 'queued' ? true : null));
  await sleep(1_000);
  await onSql(product, (client) => client.query(QUEUE, [QUEUED]));
  await sleep(5_000);
}

/** Sorted milliseconds of calls that begin at a fixed pace, whatever becomes of those before them. */
async function latencies(
  product: Product,
  { path, token }: { path: string; token: string },
  seconds: number,
): Promise<number[]> {
  const found: number[] = [];
  const open: Promise<void>[] = [];
  const from = performance.now();
  for (let count = 0; count < seconds * PER_SECOND; count++) {
    await sleep(Math.max(0, from + (count * 1_000) / PER_SECOND - performance.now()));
    const sentMs = performance.now();
    open.push(
      fetch(product.system.url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"n": 1}',
      }).then(async (answer) => {
        await answer.text();
        if (answer.status !== 200) throw new Error(`a caller got ${answer.status}`);
        found.push(performance.now() - sentMs);
      }),
    );
  }
  await Promise.all(open);
  return found.sort((a, b) => a - b);
}
