import { recordingReceiver } from '@sluice/testing';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeMemoryMiB, type Product, startProduct } from '../product.ts';
import { type BenchResult, median, type Row } from '../report.ts';
import { databaseUrlOf } from './held-runner.ts';
import type { BenchArguments } from './rounds.ts';

const PATIENCE_MS = 120_000;
export const WEBHOOK = { ref: 'web', type: 'webhook' };

interface Run {
  id: string;
  status: string;
  runMs: number | null;
  finishedAt: string | null;
  steps: { ref: string; output: { until?: string } | null }[];
}

export async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (const from = Date.now(); Date.now() - from < PATIENCE_MS; await sleep(100)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error('it did not come to that within two minutes');
}

export async function newFlow(product: Product, steps: unknown[], more: object = {}): Promise<string> {
  const flow = await product.call('POST', '/v1/flows', { name: 'Bench', status: 'active', steps, ...more });
  return String(flow.id);
}

export const begin = async (product: Product, flowId: string, input: unknown = {}): Promise<string> =>
  String((await product.call('POST', `/v1/flows/${flowId}/run`, { input })).id);
export const runOf = async (product: Product, id: string): Promise<Run> =>
  (await product.call('GET', `/v1/runs/${id}`)) as unknown as Run;
/** By waiting: to read a run of 10,000 calls ten times a second is a load of its own (decision 0453). */
const ended = (product: Product, id: string): Promise<Run> =>
  until(async () => {
    const run = (await product.call('GET', `/v1/runs/${id}?wait=30s`)) as unknown as Run;
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

export async function onSql<T>(product: Product, work: (client: pg.Client) => Promise<T>): Promise<T> {
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
