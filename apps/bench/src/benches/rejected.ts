import type { KnockResult } from '../load/knocking.ts';
import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { nodeMemoryMiB, type Product, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import { databaseUrlOf, durabilityOf } from './held-runner.ts';
import { type BenchArguments, medians } from './rounds.ts';

const ACCEPTED = { bodyBytes: 1_024, connections: 64, warmUpMs: 2_000, ratePerSecond: 1_000 };
const REJECTED = { bodyBytes: 1_024, connections: 256, warmUpMs: 2_000, ratePerSecond: 20_000 };

function fire(product: Product, durationMs: number): Promise<LoadResult> {
  const { port } = product.system;
  return new LoadClient().run({ ...ACCEPTED, durationMs, host: '127.0.0.1', port, targets: product.targets });
}

function knock(product: Product, durationMs: number): Promise<KnockResult> {
  const { port } = product.system;
  const targets = product.targets.map((target) => ({ ...target, token: 'not-the-token' }));
  return new LoadClient().knock({ ...REJECTED, durationMs, host: '127.0.0.1', port, targets });
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

const mean = (values: readonly number[]): number =>
  Math.round(values.reduce((sum, each) => sum + each, 0) / values.length);

/** Accepted traffic alone, and beside 20,000 requests a second with bad tokens whose senders wait for no answer. */
export async function rejected(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: Math.min(args.triggers, 1_000) });
  const durationMs = args.seconds * 1000;
  try {
    const alone: LoadResult[] = [];
    const beside: LoadResult[] = [];
    const knocks: KnockResult[] = [];
    for (let round = 0; round < args.rounds; round++) {
      alone.push(await fire(product, durationMs));
      const knocking = knock(product, durationMs);
      beside.push(await fire(product, durationMs));
      knocks.push(await knocking);
    }
    const rows = [
      row('accepted alone, 1,000/s asked for', alone, null),
      {
        ...row('beside bad tokens', beside, medians(alone).perSecond),
        'bad tokens due/s': mean(knocks.map((each) => each.askedPerSecond)),
        'taken by the kernel/s': mean(knocks.map((each) => each.sentPerSecond)),
        'answered/s': mean(knocks.map((each) => each.answeredPerSecond)),
        'not 401': mean(knocks.map((each) => each.answeredPerSecond * args.seconds - (each.statuses['401'] ?? 0))),
        'Node MiB after': nodeMemoryMiB(product.system),
      },
    ];
    const conditions = `${args.rounds} rounds of ${args.seconds} s, open loop, 1 KiB bodies, bad tokens pipelined on ${REJECTED.connections} connections; ${await durabilityOf(databaseUrlOf(product.system))}`;
    return { conditions, rows };
  } finally {
    await product.system.remove();
  }
}
