import { setTimeout as sleep } from 'node:timers/promises';
import { SendingLoad } from '../load/sending-load.ts';
import { nodeMemoryMiB } from '../product.ts';
import { type BenchResult, median, type Row } from '../report.ts';
import type { BenchArguments } from './rounds.ts';

async function withLoad<T>(work: (load: SendingLoad) => Promise<T>): Promise<T> {
  const load = await SendingLoad.start();
  try {
    return await work(load);
  } finally {
    await load.stop();
  }
}

async function rateOf(endpoints: number, deliveries: number, concurrency: number, rounds: number): Promise<number> {
  return withLoad(async (load) => {
    await load.endpoints(endpoints, 'ok', { concurrency });
    await load.drained(deliveries / 10, () => load.publish(deliveries / 10 / endpoints));
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      rates.push(await load.drained(deliveries, () => load.publish(deliveries / endpoints)));
    }
    return median(rates);
  });
}

/** One event to 100 endpoints, beside as many deliveries to one. */
export async function fanOut({ rounds }: BenchArguments): Promise<BenchResult> {
  const one = await rateOf(1, 20_000, 100, rounds);
  const many = await rateOf(100, 40_000, 10, rounds);
  return {
    conditions: `published in batches of 100, 1 KiB, signed, local receiver in a process of its own, ${rounds} rounds`,
    rows: [
      { case: 'one endpoint, concurrency 100', 'attempts/s': one, share: 1 },
      { case: '100 endpoints, concurrency 10', 'attempts/s': many, share: many / one },
    ],
  };
}

async function healthyAt(
  seconds: number,
  healthy: number,
  bad: { hang: number; fail: number },
): Promise<[number, number]> {
  return withLoad(async (load) => {
    await load.endpoints(healthy, 'ok');
    await load.endpoints(bad.hang, 'hang');
    await load.endpoints(bad.fail, 'fail');
    // Code that is compiled, connections that are open; and by then the hanging ones hang.
    for (let index = 0; index < 60; index++) await Promise.all([load.publish(1), sleep(50)]);
    load.clear();
    for (let index = 0; index < seconds * 20; index++) await Promise.all([load.publish(1), sleep(50)]);
    await sleep(1000);
    return load.latency('ok');
  });
}

/** Healthy endpoints beside one that hangs, and one that fails: their p99 with and without. */
export async function isolation({ seconds }: BenchArguments): Promise<BenchResult> {
  const rows: Row[] = [];
  const loads: [string, number, { hang: number; fail: number }][] = [
    ['9 healthy, 1 hangs', 9, { hang: 1, fail: 0 }],
    ['99 healthy, 1 hangs, 1 fails', 99, { hang: 1, fail: 1 }],
  ];
  for (const [name, healthy, bad] of loads) {
    const [aloneP50, aloneP99] = await healthyAt(seconds, healthy, { hang: 0, fail: 0 });
    const [p50, p99] = await healthyAt(seconds, healthy, bad);
    rows.push({
      case: name,
      'alone p50 ms': aloneP50,
      'alone p99 ms': aloneP99,
      'p50 ms': p50,
      'p99 ms': p99,
      'p99 ratio': p99 / aloneP99,
    });
  }
  return { conditions: `20 events/s, ${seconds} s after 3 s of warming up, 1 KiB`, rows };
}

const WAITING = 200_000;
const ENDPOINTS = 20;

/** What waited for paused endpoints goes out when they are resumed, beside the rate from memory. */
export async function backlog(): Promise<BenchResult> {
  return withLoad(async (load) => {
    const ids = await load.endpoints(ENDPOINTS, 'ok');
    await load.drained(4_000, () => load.publish(4_000 / ENDPOINTS));
    const empty = await load.drained(40_000, () => load.publish(40_000 / ENDPOINTS));
    for (const id of ids) await load.product.call('POST', `/v1/endpoints/${id}/pause`, {});
    await load.publish(WAITING / ENDPOINTS);
    await sleep(5_000);
    const before = nodeMemoryMiB(load.product.system);
    let most = before;
    const rate = await load.drained(
      WAITING,
      async () => {
        await Promise.all(ids.map((id) => load.product.call('POST', `/v1/endpoints/${id}/resume`, {})));
      },
      () => {
        most = Math.max(most, nodeMemoryMiB(load.product.system));
      },
    );
    return {
      conditions: `${WAITING} deliveries of ${ENDPOINTS} endpoints that were paused; 1 KiB`,
      rows: [
        { case: 'empty queue', 'deliveries/s': empty, share: 1, 'Node MiB': before },
        { case: 'backlog, all resumed at once', 'deliveries/s': rate, share: rate / empty, 'Node MiB': most },
      ],
    };
  });
}
