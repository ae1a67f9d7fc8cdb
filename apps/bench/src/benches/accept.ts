import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { nodeMemoryMiB, type Product, startProduct } from '../product.ts';
import { bareReference } from '../references/bare-reference.ts';
import type { BenchResult, Row } from '../report.ts';
import { databaseUrlOf, durabilityOf, holdRunner } from './held-runner.ts';
import { type BenchArguments, medians } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 128, warmUpMs: 2_000 };

async function fire(product: Product, durationMs: number): Promise<LoadResult> {
  return new LoadClient().run({
    ...LOAD,
    durationMs,
    host: '127.0.0.1',
    port: product.system.port,
    targets: product.targets,
  });
}

/** Runs that reached their end, from the runner's own list; and how long the rest took to be caught up. */
async function finishedRuns(databaseUrl: string): Promise<number> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ count: string }>(
    "select count(*) from runner.events where type = 'RunFinished'",
  );
  await client.end();
  return Number(rows[0]?.count);
}

async function caughtUp(product: Product, databaseUrl: string, expected: number): Promise<number> {
  const from = Date.now();
  while ((await finishedRuns(databaseUrl)) < expected && Date.now() - from < 180_000)
    await new Promise((resolve) => setTimeout(resolve, 250));
  if ((await finishedRuns(databaseUrl)) < expected)
    throw new Error(`the runner did not catch up:\n${product.system.log.slice(-2_000)}`);
  return (Date.now() - from) / 1000;
}

function row(name: string, results: readonly LoadResult[], barePerSecond: number): Row {
  const { perSecond, p50Ms, p99Ms, errors, non2xx } = medians(results);
  return {
    case: name,
    'accepts/s': perSecond,
    'share of bare': `${((100 * perSecond) / barePerSecond).toFixed(1)} %`,
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    errors: errors + non2xx,
  };
}

/** Durable 202s per second at 128 connections: with the runner held, and on the whole standalone in a burst. */
export async function accept(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: args.triggers });
  const databaseUrl = databaseUrlOf(product.system);
  try {
    const bare: LoadResult[] = [];
    const held: LoadResult[] = [];
    const whole: LoadResult[] = [];
    const runs: { finished: number; catchUp: number }[] = [];
    for (let round = 0; round < args.rounds; round++) {
      bare.push(await bareReference({ ...LOAD, durationMs: args.seconds * 1000 }));
      const release = await holdRunner(databaseUrl);
      held.push(await fire(product, args.seconds * 1000));
      await release();
      await caughtUp(product, databaseUrl, 1);
      const total = await settled(product, databaseUrl);
      whole.push(await fire(product, args.seconds * 1000));
      const finished = (await finishedRuns(databaseUrl)) - total;
      const from = Date.now();
      await settled(product, databaseUrl);
      runs.push({ finished: finished / args.seconds, catchUp: (Date.now() - from) / 1000 });
    }
    const barePerSecond = medians(bare).perSecond;
    const rows = [
      row('bare Fastify', bare, barePerSecond),
      row('standalone, runner held', held, barePerSecond),
      {
        ...row('standalone, burst', whole, barePerSecond),
        'finished runs/s meanwhile': Math.round(runs.reduce((sum, each) => sum + each.finished, 0) / runs.length),
        'caught up after s': runs.reduce((sum, each) => sum + each.catchUp, 0) / runs.length,
        'Node MiB after': nodeMemoryMiB(product.system),
      },
    ];
    const conditions = `${args.rounds} rounds of ${args.seconds} s, 128 connections, 1 KiB bodies, ${args.triggers} triggers; ${await durabilityOf(databaseUrl)}`;
    return { conditions, rows };
  } finally {
    await product.system.remove();
  }
}

/** Waits until every accepted request has a finished run; gives the number of finished runs. */
export async function settled(product: Product, databaseUrl: string): Promise<number> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ count: string }>(
    "select count(*) from gateway.events where type = 'TriggerAccepted'",
  );
  await client.end();
  const expected = Number(rows[0]?.count);
  await caughtUp(product, databaseUrl, expected);
  return expected;
}
