import type { KnockResult } from '../load/knocking.ts';
import { LoadClient } from '../load/load-client.ts';
import type { LoadOrder, LoadResult } from '../load/load-order.ts';
import { nodeCpuMs, nodeMemoryMiB, type Product, startProduct } from '../product.ts';
import { beside } from '../references/bare-reference.ts';
import type { BenchResult, Row } from '../report.ts';
import { databaseUrlOf, durabilityOf } from './held-runner.ts';
import { type BenchArguments, medians } from './rounds.ts';

const ACCEPTED = { bodyBytes: 1_024, connections: 64, warmUpMs: 2_000, ratePerSecond: 1_000 };
const REJECTED = { bodyBytes: 1_024, connections: 256, warmUpMs: 2_000, ratePerSecond: 20_000 };
const FRESH = { bodyBytes: 1_024, connections: 2_000, warmUpMs: 2_000, ratePerSecond: 20_000, freshConnections: true };

/** What was measured of one way of knocking, round by round. */
interface Rounds {
  accepted: LoadResult[];
  knocks: KnockResult[];
  cpuMs: number[];
}

function fire(product: Product, durationMs: number): Promise<LoadResult> {
  const { port } = product.system;
  return new LoadClient().run({ ...ACCEPTED, durationMs, host: '127.0.0.1', port, targets: product.targets });
}

async function round(
  into: Rounds,
  product: Product,
  durationMs: number,
  knocking: Omit<LoadOrder, 'host' | 'targets' | 'durationMs'> | null,
): Promise<void> {
  const targets = product.targets.map((target) => ({ ...target, token: 'not-the-token' }));
  const order = knocking && { ...knocking, durationMs, host: '127.0.0.1', targets };
  const before = nodeCpuMs(product.system);
  const knocks = order ? new LoadClient().knock(order) : null;
  into.accepted.push(await fire(product, durationMs));
  if (knocks) into.knocks.push(await knocks);
  into.cpuMs.push(nodeCpuMs(product.system) - before);
}

const mean = (values: readonly number[]): number =>
  Math.round(values.reduce((sum, each) => sum + each, 0) / values.length);

function row(name: string, { accepted, knocks, cpuMs }: Rounds, alonePerSecond: number, seconds: number): Row {
  const { perSecond, p50Ms, p99Ms, errors, non2xx } = medians(accepted);
  return {
    case: name,
    'accepts/s': perSecond,
    'share of alone': `${((100 * perSecond) / alonePerSecond).toFixed(1)} %`,
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    errors: errors + non2xx,
    'bad tokens due/s': knocks.length === 0 ? '' : mean(knocks.map((each) => each.askedPerSecond)),
    'taken by the kernel/s': knocks.length === 0 ? '' : mean(knocks.map((each) => each.sentPerSecond)),
    'answered/s': knocks.length === 0 ? '' : mean(knocks.map((each) => each.answeredPerSecond)),
    'not 401/s':
      knocks.length === 0
        ? ''
        : mean(knocks.map((each) => each.answeredPerSecond - (each.statuses['401'] ?? 0) / seconds)),
    'Node cores': Number((mean(cpuMs) / ((seconds + 2) * 1000)).toFixed(2)),
  };
}

/**
 * Accepted traffic alone and beside 20,000 requests a second with bad tokens whose senders wait for no answer: sent to
 * the gateway, pipelined and each on a connection of its own, and, as the reference, to a server beside it that takes
 * them as the gateway does and has nothing to do with it. What the reference costs is the machine's and the sender's.
 */
export async function rejected(args: BenchArguments): Promise<BenchResult> {
  const product = await startProduct('standalone', { triggers: Math.min(args.triggers, 1_000) });
  const durationMs = args.seconds * 1000;
  const { port } = product.system;
  const fresh = (): Rounds => ({ accepted: [], knocks: [], cpuMs: [] });
  const [alone, reference, pipelined, dialled] = [fresh(), fresh(), fresh(), fresh()];
  try {
    await beside('./patient-server.js', async (elsewhere) => {
      for (let count = 0; count < args.rounds; count++) {
        await round(alone, product, durationMs, null);
        await round(reference, product, durationMs, { ...REJECTED, port: elsewhere });
        await round(pipelined, product, durationMs, { ...REJECTED, port });
        await round(dialled, product, durationMs, { ...FRESH, port });
      }
    });
    const { perSecond } = medians(alone.accepted);
    const rows = [
      row('accepted alone, 1,000/s asked for', alone, perSecond, args.seconds),
      row('bad tokens sent to another server', reference, perSecond, args.seconds),
      row('bad tokens, pipelined', pipelined, perSecond, args.seconds),
      {
        ...row('bad tokens, each on a new connection', dialled, perSecond, args.seconds),
        'Node MiB after': nodeMemoryMiB(product.system),
      },
    ];
    const conditions = `${args.rounds} rounds of ${args.seconds} s, open loop, 1 KiB bodies, ${REJECTED.connections} connections pipelined, ${FRESH.connections} open at most otherwise; ${await durabilityOf(databaseUrlOf(product.system))}`;
    return { conditions, rows };
  } finally {
    await product.system.remove();
  }
}
