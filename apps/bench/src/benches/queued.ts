import { setTimeout as sleep } from 'node:timers/promises';
import { ANSWERING_FLOW, type Product, startProduct } from '../product.ts';
import { type BenchResult, median, type Row } from '../report.ts';
import { begin, newFlow, onSql, runOf, until, WEBHOOK } from './flows.ts';
import type { BenchArguments } from './rounds.ts';

const QUEUED = 100_000;
const PER_SECOND = 100;
const WARM_UP_SECONDS = 3;

interface Target {
  path: string;
  token: string;
}

/** Copies of a run that is queued, each a run of its own: nobody can send so many within a bench. */
const QUEUE = `insert into runner.ordered_runs (run_id, ordering_key, bytes, pending, rank)
  select n.id, o.ordering_key, o.bytes, replace(o.pending, o.run_id::text, n.id::text), o.rank
  from (select uuidv7() as id from generate_series(1, $2)) n
  cross join (select * from runner.ordered_runs where run_id = $1) o`;
const COUNT = 'select count(*)::int as runs from runner.ordered_runs where ordering_key = $1';

/** What the runs of one app that wait by the hundred thousand, and move, cost the callers of another app. */
export async function queued(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: 1, flow: ANSWERING_FLOW });
  try {
    const targets = {
      'flow without a limit': product.targets[0] as Target,
      'flow with a limit of 10, in another app': await limitedNeighbour(product),
    };
    const crowd = await crowdOf(product);
    const p99s = new Map<string, { alone: number[]; beside: number[] }>();
    for (const [what, target] of Object.entries(targets)) {
      p99s.set(what, { alone: [], beside: [] });
      await latencies(product, target, WARM_UP_SECONDS);
    }
    const left: number[] = [];
    const measure = async (state: 'alone' | 'beside') => {
      for (const [what, target] of Object.entries(targets))
        p99s.get(what)?.[state].push(p99(await latencies(product, target, args.seconds)));
    };
    for (let round = 0; round < args.rounds; round++) {
      await measure('alone');
      await crowd.fill();
      await measure('beside');
      left.push(await crowd.count());
      await crowd.empty();
    }
    const rows = [...p99s].map(([what, { alone, beside }]): Row => {
      const [before, during] = [median(alone), median(beside)];
      return { what, 'p99 ms alone': before, 'p99 ms beside 100,000 queued': during, ratio: during / before };
    });
    return {
      conditions: `${args.rounds} rounds of ${args.seconds} s, ${PER_SECOND} calls a second that wait for their run, standalone; of the queue, which moves by 10 runs a second, ${Math.min(...left)} were left at least`,
      rows,
    };
  } finally {
    await product.system.remove();
  }
}

async function limitedNeighbour(product: Product): Promise<Target> {
  const appId = String((await product.call('POST', '/v1/apps', { name: 'Neighbour' })).id);
  const concurrency = { limit: 10, whenFull: 'queue' };
  const flow = await product.call('POST', '/v1/flows', { ...ANSWERING_FLOW, concurrency, appId });
  const settings = { flowId: flow.id, name: 'limited', profile: 'native', auth: { type: 'bearer' }, appId };
  const trigger = await product.call('POST', '/v1/triggers', settings);
  return { path: `/t/${String(trigger.id)}`, token: String(trigger.token) };
}

/** An app whose flow has room for ten runs, each of which sleeps for a second. */
async function crowdOf(product: Product) {
  const appId = String((await product.call('POST', '/v1/apps', { name: 'Crowd' })).id);
  const steps = [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT1S' }];
  const flowId = await newFlow(product, steps, { concurrency: { limit: 10, whenFull: 'queue' }, appId });
  const key = `${appId}/limit/${flowId}`;
  const count = () =>
    onSql(product, async (client) => (await client.query<{ runs: number }>(COUNT, [key])).rows[0]?.runs ?? 0);
  return {
    count,
    async fill(): Promise<void> {
      // The first ten have the places; the last is the last to go, so that it is there to be copied.
      const ids = await Promise.all(Array.from({ length: 40 }, () => begin(product, flowId)));
      const seed = await until(async () => {
        for (const id of ids) if ((await runOf(product, id)).status === 'queued') return id;
        return null;
      });
      await onSql(product, async (client) => {
        const { rowCount } = await client.query(QUEUE, [seed, QUEUED]);
        if (rowCount !== QUEUED) throw new Error(`${rowCount} runs were queued`);
      });
      await sleep(3_000);
    },
    async empty(): Promise<void> {
      await onSql(product, async (client) => {
        await client.query('delete from runner.ordered_runs where ordering_key = $1', [key]);
        await client.query('vacuum runner.ordered_runs');
      });
      await sleep(2_000);
    },
  };
}

function p99(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

/** Sorted milliseconds of calls that begin at a fixed pace, whatever becomes of those before them. */
async function latencies(product: Product, { path, token }: Target, seconds: number): Promise<number[]> {
  const found: number[] = [];
  const open: Promise<void>[] = [];
  const from = performance.now();
  for (let count = 0; count < seconds * PER_SECOND; count++) {
    await sleep(Math.max(0, from + (count * 1_000) / PER_SECOND - performance.now()));
    open.push(timed(product.system.url + path, token).then((ms) => void found.push(ms)));
  }
  await Promise.all(open);
  return found.sort((a, b) => a - b);
}

async function timed(url: string, token: string): Promise<number> {
  const sentMs = performance.now();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: '{"n": 1}' });
  await answer.text();
  if (answer.status !== 200) throw new Error(`a caller got ${answer.status}`);
  return performance.now() - sentMs;
}
