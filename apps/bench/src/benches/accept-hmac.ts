import { LoadClient } from '../load/load-client.ts';
import type { LoadOrder, LoadResult } from '../load/load-order.ts';
import { inParallel, nodeCpuMs, type Product, startProduct } from '../product.ts';
import { type BenchResult, median, type Row } from '../report.ts';
import { settled } from './accept.ts';
import { databaseUrlOf, durabilityOf, holdRunner } from './held-runner.ts';
import { type BenchArguments, medians } from './rounds.ts';

/** No warm-up within a round, so that processor time and requests cover the same seconds; a first round is thrown away. */
const LOAD = { bodyBytes: 1_024, connections: 128, warmUpMs: 0, fixedBodies: true };
/** Enough that no trigger is special; the secret of each is opened once. */
const MOST_TRIGGERS = 1_000;
const SECRET = 'a secret for the benchmark';

/** Triggers like those of the product, which take signatures instead of tokens. */
function signedTargets(product: Product, count: number): Promise<LoadOrder['targets']> {
  return inParallel(count, 32, async (index) => {
    const auth = { type: 'hmac', preset: 'github', secret: SECRET };
    const body = { flowId: product.flowId, name: `H${index}`, auth };
    const trigger = await product.call('POST', '/v1/triggers', body);
    return { path: `/t/${String(trigger.id)}`, token: null, signingSecret: SECRET };
  });
}

interface Fired extends LoadResult {
  nodeMicrosPerRequest: number;
}

function row(name: string, results: readonly Fired[], tokenPerSecond: number): Row {
  const { perSecond, p50Ms, p99Ms, errors, non2xx } = medians(results);
  return {
    case: name,
    'accepts/s': perSecond,
    'share of token': `${((100 * perSecond) / tokenPerSecond).toFixed(1)} %`,
    'Node µs per accept': median(results.map((each) => each.nodeMicrosPerRequest)),
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    errors: errors + non2xx,
  };
}

/** Durable 202s per second with the runner held: a bearer token, and a signature over 1 KiB, turn by turn. */
export async function acceptHmac(args: BenchArguments): Promise<BenchResult> {
  const triggers = Math.min(args.triggers, MOST_TRIGGERS);
  const product = await startProduct('standalone', { triggers });
  const databaseUrl = databaseUrlOf(product.system);
  try {
    const signed = await signedTargets(product, triggers);
    const results = { token: [] as Fired[], hmac: [] as Fired[] };
    const fire = async (targets: LoadOrder['targets']): Promise<Fired> => {
      const release = await holdRunner(databaseUrl);
      const order = { ...LOAD, durationMs: args.seconds * 1000, host: '127.0.0.1', port: product.system.port };
      const cpuMs = nodeCpuMs(product.system);
      const result = await new LoadClient().run({ ...order, targets });
      const usedMs = nodeCpuMs(product.system) - cpuMs;
      await release();
      await settled(product, databaseUrl);
      return { ...result, nodeMicrosPerRequest: (usedMs * 1000) / result.requests };
    };
    for (const targets of [product.targets, signed]) await fire(targets);
    for (let round = 0; round < args.rounds; round++) {
      results.token.push(await fire(product.targets));
      results.hmac.push(await fire(signed));
    }
    const { perSecond } = medians(results.token);
    const rows = [row('token', results.token, perSecond), row('hmac-sha256', results.hmac, perSecond)];
    const conditions = `${args.rounds} rounds of ${args.seconds} s, 128 connections, 1 KiB bodies, ${triggers} triggers each, runner held; ${await durabilityOf(databaseUrl)}`;
    return { conditions, rows };
  } finally {
    await product.system.remove();
  }
}
