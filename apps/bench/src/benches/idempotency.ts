import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { type Product, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import { databaseUrlOf, durabilityOf, holdRunner } from './held-runner.ts';
import { type BenchArguments, medians } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 128, warmUpMs: 1_000 };
/** Far beyond what a round sends, so that each round has numbers of its own. */
const ROUND = 10_000_000;

function fire(product: Product, keyed: boolean, seconds: number, firstN: number): Promise<LoadResult> {
  // Every second trigger has an expression.
  const targets = product.targets.filter((_, index) => index % 2 === (keyed ? 1 : 0));
  const order = { ...LOAD, durationMs: seconds * 1000, firstN, targets };
  return new LoadClient().run({ ...order, host: '127.0.0.1', port: product.system.port });
}

function row(name: string, results: readonly LoadResult[], reference: number | null): Row {
  const { perSecond, p50Ms, p99Ms, errors, non2xx } = medians(results);
  return {
    case: name,
    'answers/s': perSecond,
    'share of no key': reference === null ? '' : `${((100 * perSecond) / reference).toFixed(1)} %`,
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    errors: errors + non2xx,
  };
}

/** Accepts without a key, with a new key each, and repeats of those; the runner held, so that only accepting counts. */
export async function idempotency(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', {
    triggers: 200,
    trigger: (index) => (index % 2 === 1 ? { idempotency: '{{ body.n }}' } : {}),
  });
  const databaseUrl = databaseUrlOf(product.system);
  const release = await holdRunner(databaseUrl);
  try {
    const without: LoadResult[] = [];
    const keyed: LoadResult[] = [];
    const repeats: LoadResult[] = [];
    for (let round = 0; round < args.rounds; round++) {
      without.push(await fire(product, false, args.seconds, round * ROUND));
      keyed.push(await fire(product, true, args.seconds, round * ROUND));
      repeats.push(await fire(product, true, args.seconds, round * ROUND));
    }
    const reference = medians(without).perSecond;
    const rows = [
      row('no key', without, null),
      row('a new key each', keyed, reference),
      row('repeats, then new keys when they are used up', repeats, reference),
    ];
    const conditions = `${args.rounds} rounds of ${args.seconds} s, 128 connections, 1 KiB bodies, runner held; ${await durabilityOf(databaseUrl)}`;
    return { conditions, rows };
  } finally {
    await release();
    await product.system.remove();
  }
}
