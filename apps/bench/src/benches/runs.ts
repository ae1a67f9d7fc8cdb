import { setTimeout as sleep } from 'node:timers/promises';
import type { Wiring } from '@sluice/testing';
import pg from 'pg';
import { LoadClient } from '../load/load-client.ts';
import { cpuMsOf, type Product, startProduct } from '../product.ts';
import { type BenchResult, median, type Row } from '../report.ts';
import { databaseUrlOf, holdRunner } from './held-runner.ts';
import type { BenchArguments } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 64, warmUpMs: 500, host: '127.0.0.1' };
const PATIENCE_MS = 60_000;
const COUNTS = `select (select count(*)::int from gateway.events where type = 'TriggerAccepted') as accepted,
  (select count(*)::int from runner.runs where finished_at is not null) as finished`;

/** A burst that is accepted while the runner is held, and then run. */
interface Burst {
  runs: number;
  seconds: number;
  /** Processor time of the process that runs them, for each. */
  microseconds: number;
}

async function burst(product: Product, client: pg.Client, name: string, acceptMs: number): Promise<Burst> {
  const counts = async () =>
    (await client.query<{ accepted: number; finished: number }>(COUNTS)).rows[0] ?? { accepted: 0, finished: 0 };
  const release = await holdRunner(databaseUrlOf(product.system));
  const { port } = product.system;
  await new LoadClient().run({ ...LOAD, port, durationMs: acceptMs, targets: product.targets });
  const held = await counts();
  const pid = product.system.pids()[name] as number;
  const [cpuMs, fromMs] = [cpuMsOf(pid), performance.now()];
  await release();
  for (let now = held; now.finished < held.accepted; now = await counts()) {
    if (performance.now() - fromMs > PATIENCE_MS) throw new Error(`${now.finished} of ${held.accepted} runs ended`);
    await sleep(50);
  }
  const seconds = (performance.now() - fromMs) / 1_000;
  const runs = held.accepted - held.finished;
  return { runs, seconds, microseconds: (1_000 * (cpuMsOf(pid) - cpuMs)) / runs };
}

async function burstsOf(wiring: Wiring, name: string, args: BenchArguments): Promise<Row> {
  const product = await startProduct(wiring, { triggers: 100 });
  const client = new pg.Client({ connectionString: databaseUrlOf(product.system) });
  await client.connect();
  try {
    // The first one is the warm-up.
    await burst(product, client, name, 1_000);
    const bursts: Burst[] = [];
    for (let round = 0; round < args.rounds; round++) {
      await sleep(3_000);
      bursts.push(await burst(product, client, name, args.seconds * 1_000));
    }
    return {
      'what runs them': wiring === 'standalone' ? 'standalone, all of its process' : 'distributed, the runner',
      'runs in a burst': median(bursts.map((each) => each.runs)),
      'runs/s': median(bursts.map((each) => each.runs / each.seconds)),
      'CPU µs of the process a run': median(bursts.map((each) => each.microseconds)),
    };
  } finally {
    await client.end();
    await product.system.remove();
  }
}

/** What a run of three pure steps (webhook, set, emit) costs who runs it, and how fast a burst is caught up with. */
export async function runs(args: BenchArguments): Promise<BenchResult> {
  return {
    conditions: `median of ${args.rounds} bursts, accepted for ${args.seconds} s with the runner held; 1 KiB bodies, nobody subscribes`,
    rows: [await burstsOf('standalone', 'standalone', args), await burstsOf('distributed', 'runner', args)],
  };
}
