import type { Wiring } from '@sluice/testing';
import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { nodeMemoryMiB, startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import type { BenchArguments } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 128, warmUpMs: 3_000, measureDeliveries: true, drainMs: 120_000 };

export interface EndToEnd {
  result: LoadResult;
  memoryMiB: number;
}

/** One open-loop run against a fresh product; the receiver lives in the load process. */
export async function endToEndAt(wiring: Wiring, ratePerSecond: number, seconds: number): Promise<EndToEnd> {
  const client = new LoadClient();
  const receiverPort = await client.receiver();
  const product = await startProduct(wiring, { triggers: 10, receiverPort });
  try {
    const result = await client.run({
      ...LOAD,
      ratePerSecond,
      durationMs: seconds * 1000,
      host: '127.0.0.1',
      port: product.system.port,
      targets: product.targets,
    });
    return { result, memoryMiB: nodeMemoryMiB(product.system) };
  } finally {
    await product.system.remove();
  }
}

export function endToEndRow(name: string, { result, memoryMiB }: EndToEnd): Row {
  const { deliveries } = result;
  return {
    case: name,
    'accepted/s': result.perSecond,
    '202 p50 ms': result.p50Ms,
    '202 p99 ms': result.p99Ms,
    'delivery p50 ms': deliveries?.p50Ms ?? Number.NaN,
    'delivery p99 ms': deliveries?.p99Ms ?? Number.NaN,
    'backlog gone after s': (deliveries?.drainedAfterMs ?? Number.NaN) / 1000,
    missing: deliveries?.missing ?? 0,
    errors: result.errors + Object.values(result.non2xx).reduce((sum, each) => sum + each, 0),
    'Node MiB': memoryMiB,
  };
}

/** A rate is sustained when what was not delivered at the end of the window is gone within a second. */
export function isSustained({ result }: Pick<EndToEnd, 'result'>, rate: number): boolean {
  return (
    result.perSecond > rate * 0.97 &&
    (result.deliveries?.drainedAfterMs ?? Number.POSITIVE_INFINITY) < 1_000 &&
    result.deliveries?.missing === 0
  );
}

export async function sustainedMaximum(
  wiring: Wiring,
  from: number,
  seconds: number,
): Promise<{ rate: number; rows: Row[] }> {
  const rows: Row[] = [];
  let best = 0;
  for (let rate = from; rate <= 8_000; rate += 500) {
    const measured = await endToEndAt(wiring, rate, seconds);
    rows.push(endToEndRow(`${wiring}, ramp ${rate}/s`, measured));
    if (!isSustained(measured, rate)) break;
    best = rate;
  }
  return { rate: best, rows };
}

/** Trigger → flow (webhook, set, emit) → matched → delivered: open loop at fixed rates, then a ramp. */
export async function endToEnd(args: BenchArguments): Promise<BenchResult> {
  const rows: Row[] = [];
  for (const rate of [100, 300, 1_000])
    rows.push(endToEndRow(`standalone, ${rate}/s`, await endToEndAt('standalone', rate, args.seconds)));
  const ramp = await sustainedMaximum('standalone', 1_500, Math.min(args.seconds, 15));
  return {
    conditions: `open loop, ${args.seconds} s a rate, 1 KiB bodies, local receiver, signed; sustained maximum ${ramp.rate}/s (ramp in steps of 500)`,
    rows: [...rows, ...ramp.rows],
  };
}
