import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { startProduct } from '../product.ts';
import { bareReference } from '../references/bare-reference.ts';
import type { BenchResult } from '../report.ts';
import { databaseUrlOf, durabilityOf } from './held-runner.ts';
import { type BenchArguments, medians } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 1, warmUpMs: 1_000 };

/** Latency of a durable 202 at one connection. */
export async function acceptIdle(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: 1 });
  try {
    const bare: LoadResult[] = [];
    const ours: LoadResult[] = [];
    for (let round = 0; round < args.rounds; round++) {
      const order = { ...LOAD, durationMs: args.seconds * 1000 };
      bare.push(await bareReference(order));
      ours.push(
        await new LoadClient().run({
          ...order,
          host: '127.0.0.1',
          port: product.system.port,
          targets: product.targets,
        }),
      );
    }
    const rows = [
      { case: 'bare Fastify', ...medians(bare) },
      { case: 'standalone', ...medians(ours) },
    ];
    return {
      conditions: `${args.rounds} rounds of ${args.seconds} s, 1 connection; ${await durabilityOf(databaseUrlOf(product.system))}`,
      rows,
    };
  } finally {
    await product.system.remove();
  }
}
