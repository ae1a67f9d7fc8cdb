import { type System, type Wiring } from '@sluice/testing';
import { LoadClient } from '../load/load-client.ts';
import type { LoadResult } from '../load/load-order.ts';
import { startProduct } from '../product.ts';
import type { BenchResult, Row } from '../report.ts';
import { endToEndAt, endToEndRow, sustainedMaximum } from './end-to-end.ts';
import { type BenchArguments, medians } from './rounds.ts';

const LOAD = { bodyBytes: 1_024, connections: 128, warmUpMs: 10_000 };

async function acceptsOf(wiring: Wiring, args: BenchArguments): Promise<LoadResult[]> {
  const { system, targets }: { system: System; targets: { path: string; token: string | null }[] } = await startProduct(
    wiring,
    { triggers: 100 },
  );
  try {
    const results: LoadResult[] = [];
    for (let round = 0; round < args.rounds; round++) {
      results.push(
        await new LoadClient().run({
          ...LOAD,
          durationMs: args.seconds * 1000,
          host: '127.0.0.1',
          port: system.port,
          targets,
        }),
      );
    }
    return results;
  } finally {
    await system.remove();
  }
}

/** `accept` and `end-to-end` over a real broker beside standalone, on the same cores. */
export async function kafka(args: BenchArguments): Promise<BenchResult> {
  const rows: Row[] = [];
  const rates: Record<Wiring, number> = { standalone: 0, distributed: 0 };
  for (const wiring of ['standalone', 'distributed'] as const) {
    const accepts = medians(await acceptsOf(wiring, args));
    rows.push({
      case: `${wiring}, accept`,
      'accepted/s': accepts.perSecond,
      '202 p50 ms': accepts.p50Ms,
      '202 p99 ms': accepts.p99Ms,
      errors: accepts.errors + accepts.non2xx,
    });
    rows.push(endToEndRow(`${wiring}, 300/s`, await endToEndAt(wiring, 300, args.seconds)));
    const ramp = await sustainedMaximum(wiring, 500, 10);
    rates[wiring] = ramp.rate;
    rows.push(...ramp.rows);
  }
  const share = ((100 * rates.distributed) / rates.standalone).toFixed(0);
  return {
    conditions: `sustained end to end: standalone ${rates.standalone}/s, five processes, edge and broker on the same cores ${rates.distributed}/s = ${share} %`,
    rows,
  };
}
