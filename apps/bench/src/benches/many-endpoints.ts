import { setTimeout as sleep } from 'node:timers/promises';
import { SendingLoad } from '../load/sending-load.ts';
import { nodeMemoryMiB } from '../product.ts';
import type { BenchResult } from '../report.ts';

const ENDPOINTS = 10_000;
const EACH = 10;

/** Memory of 10,000 endpoints that fail, each with ten deliveries that wait for their next attempt. */
export async function manyEndpoints(): Promise<BenchResult> {
  const load = await SendingLoad.start();
  try {
    const { product } = load;
    const idle = nodeMemoryMiB(product.system);
    await load.endpoints(ENDPOINTS, 'fail', { retry: { schedule: ['PT0S', 'PT2H'] } });
    const known = nodeMemoryMiB(product.system);
    let most = known;
    const look = (): void => {
      most = Math.max(most, nodeMemoryMiB(product.system));
    };
    const rate = await load.drained(ENDPOINTS * EACH, () => load.publish(EACH), look);
    for (let second = 0; second < 15; second++) await sleep(1_000).then(look);
    return {
      conditions: `${ENDPOINTS} endpoints, ${EACH} deliveries each, all of which failed once and wait; 1 KiB`,
      rows: [
        { case: 'no endpoint', 'Node MiB': idle },
        { case: `${ENDPOINTS} endpoints`, 'Node MiB': known },
        { case: 'most while all were tried', 'Node MiB': most, 'attempts/s': rate },
        { case: '15 s after', 'Node MiB': nodeMemoryMiB(product.system) },
      ],
    };
  } finally {
    await load.stop();
  }
}
