import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { nodeMemoryMiB, type Product, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import { databaseUrlOf, durabilityOf } from './held-runner.ts';
import { type BenchArguments, medians } from './rounds.ts';

const ACCEPTED = { bodyBytes: 1_024, connections: 64, warmUpMs: 2_000, ratePerSecond: 1_000 };
const REJECTED = { bodyBytes: 1_024, connections: 256, warmUpMs: 2_000, ratePerSecond: 20_000 };

function fire(product: Product, load: typeof ACCEPTED, durationMs: number, token?: string): Promise<LoadResult> {
  const targets = product.targets.map((target) => (token === undefined ? target : { ...target, token }));
  return new LoadClient().run({ ...load, durationMs, host: '127.0.0.1', port: product.system.port, targets });
}

function row(name: string, results: readonly LoadResult[], alonePerSecond: number | null): Row {
  const { perSecond, p50Ms, p99Ms, errors, non2xx } = medians(results);
  return {
    case: name,
    'accepts/s': perSecond,
    'share of alone': alonePerSecond === null ? '' : `${((100 * perSecond) / alonePerSecond).toFixed(1)} %`,
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    errors: errors + non2xx,
  };
}

/** Accepted traffic alone, and beside 20,000 requests a second with bad tokens; both open loop. */
export async function rejected(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: Math.min(args.triggers, 1_000) });
  const durationMs = args.seconds * 1000;
  try {
    const alone: LoadResult[] = [];
    const beside: LoadResult[] = [];
    const refusals: number[] = [];
    for (let round = 0; round < args.rounds; round++) {
      alone.push(await fire(product, ACCEPTED, durationMs));
      const knocking = fire(product, REJECTED, durationMs, 'not-the-token');
      beside.push(await fire(product, ACCEPTED, durationMs));
      const { non2xx } = await knocking;
      refusals.push((non2xx['401'] ?? 0) / args.seconds);
    }
    const rows = [
      row('accepted alone, 1,000/s asked for', alone, null),
      {
        ...row('beside bad tokens, 20,000/s asked for', beside, medians(alone).perSecond),
        '401s/s': Math.round(refusals.reduce((sum, each) => sum + each, 0) / refusals.length),
        'Node MiB after': nodeMemoryMiB(product.system),
      },
    ];
    const conditions = `${args.rounds} rounds of ${args.seconds} s, open loop, 1 KiB bodies; ${await durabilityOf(databaseUrlOf(product.system))}`;
    return { conditions, rows };
  } finally {
    await product.system.remove();
  }
}
