import { setTimeout as sleep } from 'node:timers/promises';
import { RawConnection } from '../load/raw-connection.ts';
import { ANSWERING_FLOW, nodeMemoryMiB, type Product, startProduct } from '../product.ts';
import type { BenchResult } from '../report.ts';
import { median } from '../report.ts';
import type { BenchArguments } from './rounds.ts';

const CALLERS = 10_000;
/** All of them at once would measure the memory of a burst. */
const PER_SECOND = 1_000;
/** Longer than a caller waits, so that all of them wait at once. */
const SLEEPY_FLOW = {
  ...ANSWERING_FLOW,
  steps: [
    { ref: 'order', type: 'webhook' },
    { ref: 'nap', type: 'delay', for: 'PT5M' },
    { ref: 'text', type: 'set', values: { line: 'Order {{ order.n }}' } },
  ],
};

async function waitingCallers(product: Product): Promise<number> {
  const text = await (await fetch(`${product.system.url}/metrics`)).text();
  return Number(/^sluice_gateway_waiting_callers (\d+)/m.exec(text)?.[1] ?? 0);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const from = Date.now();
  while (!(await holds())) {
    if (Date.now() - from > 60_000) throw new Error('it did not come to that within a minute');
    await sleep(200);
  }
}

/** The same number of connections that are open and have had one answer, so that only waiting is counted afterwards. */
async function connected(product: Product): Promise<RawConnection[]> {
  const connections: RawConnection[] = [];
  const head = Buffer.from('GET /livez HTTP/1.1\r\nhost: bench\r\n\r\n');
  for (let count = 0; count < CALLERS; count += 100) {
    const batch = Array.from(
      { length: 100 },
      () => new RawConnection('127.0.0.1', product.system.port, () => undefined),
    );
    connections.push(...batch);
    await Promise.all(batch.map((each) => new Promise<void>((resolve) => each.send(head, () => resolve()))));
  }
  return connections;
}

/** One request of each connection; none is answered before all of them wait. */
async function call(product: Product, connections: readonly RawConnection[]): Promise<void> {
  const { path, token } = product.targets[0] as { path: string; token: string };
  const body = JSON.stringify({ n: 1, filler: 'x'.repeat(100) });
  const head = `POST ${path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  for (const [sent, connection] of connections.entries()) {
    connection.send(bytes, () => undefined);
    if (sent % (PER_SECOND / 100) === 0) await sleep(10);
  }
}

/** Memory of 10,000 callers that wait for their runs: beside none, and beside as many idle connections. */
export async function waiting(args: BenchArguments): Promise<BenchResult> {
  const rounds: number[][] = [];
  for (let round = 0; round < args.rounds; round++) {
    const product = await startProduct('standalone', { triggers: 1, flow: SLEEPY_FLOW });
    try {
      await sleep(5_000);
      const before = nodeMemoryMiB(product.system);
      const connections = await connected(product);
      await sleep(12_000);
      const idle = nodeMemoryMiB(product.system);
      const from = Date.now();
      await call(product, connections);
      await until(async () => (await waitingCallers(product)) >= CALLERS);
      const seconds = (Date.now() - from) / 1000;
      // Until the garbage of their arrival has been given back.
      await sleep(12_000);
      const during = nodeMemoryMiB(product.system);
      for (const connection of connections) connection.close();
      await until(async () => (await waitingCallers(product)) === 0);
      rounds.push([before, idle, during, seconds, (1024 * (during - idle)) / CALLERS]);
    } finally {
      await product.system.remove();
    }
  }
  const [before, idle, during, seconds, each] = [0, 1, 2, 3, 4].map((at) => median(rounds.map((row) => row[at] ?? 0)));
  return {
    conditions: `${args.rounds} rounds, ${CALLERS} callers on connections of their own, memory of the standalone process`,
    rows: [
      {
        'MiB before': before ?? 0,
        'with idle connections': idle ?? 0,
        'all waiting': during ?? 0,
        'KiB per waiting caller': each ?? 0,
        'seconds until all waited': seconds ?? 0,
        'forgotten after they went': 'all',
      },
    ],
  };
}
