import type { Wiring } from '@sluice/testing';
import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { ANSWERING_FLOW, startProduct } from '../product.ts';
import { bareReference } from '../references/bare-reference.ts';
import type { BenchResult, Row } from '../report.ts';
import { type BenchArguments, medians } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 64, warmUpMs: 5_000 };
const TRIGGERS = 100;
/** Two gateways and two runners, among five services. */
const TWO_OF_EACH = { SLUICE_DISTRIBUTED_INSTANCES: '2' };

async function answersOf(wiring: Wiring, args: BenchArguments, env: Record<string, string>): Promise<LoadResult[]> {
  const { system, targets } = await startProduct(wiring, { triggers: TRIGGERS, flow: ANSWERING_FLOW, env });
  try {
    const results: LoadResult[] = [];
    for (let round = 0; round < args.rounds; round++) {
      const order = { ...LOAD, durationMs: args.seconds * 1000, host: '127.0.0.1', port: system.port, targets };
      results.push(await new LoadClient().run(order));
    }
    return results;
  } finally {
    await system.remove();
  }
}

function row(name: string, results: readonly LoadResult[], barePerSecond: number): Row {
  const { perSecond, p50Ms, p99Ms, errors, non2xx } = medians(results);
  return {
    case: name,
    'answers/s': perSecond,
    'share of bare': `${((100 * perSecond) / barePerSecond).toFixed(1)} %`,
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    errors: errors + non2xx,
  };
}

/** A flow that answers its caller: webhook, set, response. Closed loop at 64 connections. */
export async function sync(args: BenchArguments): Promise<BenchResult> {
  const bare: LoadResult[] = [];
  for (let round = 0; round < args.rounds; round++) {
    bare.push(await bareReference({ ...LOAD, durationMs: args.seconds * 1000 }));
  }
  const barePerSecond = medians(bare).perSecond;
  const rows = [
    row('bare Fastify', bare, barePerSecond),
    row('standalone', await answersOf('standalone', args, {}), barePerSecond),
    row('distributed, two of each service', await answersOf('distributed', args, TWO_OF_EACH), barePerSecond),
  ];
  return { conditions: `${args.rounds} rounds of ${args.seconds} s, 64 connections, 1 KiB bodies`, rows };
}
