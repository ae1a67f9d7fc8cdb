import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type HostileMode,
  type HostileReceiver,
  hostileReceiver,
  type RecordingReceiver,
  recordingReceiver,
  System,
  waitFor,
} from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from './api.ts';

const MODES: HostileMode[] = [
  { kind: 'never-answers' },
  { kind: 'slow-drip', byteEveryMs: 100 },
  { kind: 'slow-head', byteEveryMs: 100 },
  { kind: 'endless-body' },
  { kind: 'reset', when: 'connect' },
  { kind: 'reset', when: 'request' },
  { kind: 'reset', when: 'body' },
  { kind: 'huge-headers', bytes: 5_000_000 },
  { kind: 'gzip-bomb', unpackedBytes: 100_000_000 },
  { kind: 'redirect', location: 'http://169.254.169.254/' },
  { kind: 'http-garbage' },
  { kind: 'status-sequence', statuses: [500] },
];
const EVENTS = 40;
const PROMPT_MS = 5_000;
/** DL-08, beyond what it has when it is idle: of what is left when V8 has collected its garbage, which it does when it gets a processor. */
const ALIVE_BYTES = 150_000_000;
/** With the garbage; 65 to 94 MB on a quiet machine and 149 within the suite, where V8 gets no processor to collect it. */
const RESIDENT_BYTES = 250_000_000;
const COLLECT_EVERY_MS = 2_000;
/** Makes the product collect its garbage when it is asked to, and say what it still has. */
const COLLECTOR = `import v8 from 'node:v8'; import vm from 'node:vm'; v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  process.on('SIGUSR2', () => { collect(); process.stderr.write('still alive: ' + process.memoryUsage.rss() + '\\n'); });`;
/** Beyond the 15 s that one attempt may take. */
const DEADLINE_MS = 20_000;

interface Delivery {
  id: string;
  endpointId: number;
  status: string;
  attempts: { status: string; error: unknown; responseStatus: number | null }[];
}

/** What the product had each time when it had collected its garbage, in bytes. */
function aliveAt(log: string): number[] {
  return [...log.matchAll(/^still alive: (\d+)$/gm)].map(([, bytes]) => Number(bytes));
}

/** Resident memory of a process in bytes. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

describe('one bad neighbour stays alone: hostile receivers beside a healthy one', () => {
  let system: System;
  let api: Api;
  let healthy: RecordingReceiver;
  let hostile: HostileReceiver[];
  beforeAll(async () => {
    const preload = `--import=data:text/javascript,${encodeURIComponent(COLLECTOR)}`;
    system = await System.start('standalone', { env: { NODE_OPTIONS: preload } });
    api = await Api.ofFreshApp(system, 'hostile');
    healthy = await recordingReceiver();
    hostile = await Promise.all(MODES.map((mode) => hostileReceiver(mode)));
  });
  afterAll(async () => {
    await system.remove();
    await healthy.close();
    await Promise.all(hostile.map((one) => one.close()));
  });

  it('DL-04, DL-05, DL-08: the healthy one is served promptly, memory stays, and every attempt is recorded with its error', async () => {
    const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
    await api.endpoint(`${healthy.url}/healthy`, ['order.*']);
    const endpoints = await Promise.all(hostile.map((one) => api.endpoint(one.url, ['order.*'])));
    await api.fire(trigger, { n: 'warm' });
    await healthy.waitFor(1);
    const pid = Number(system.pids().standalone);
    const idle = memoryOf(pid);
    const collect = () => process.kill(pid, 'SIGUSR2');
    collect();
    const idleAlive = await waitFor(() => aliveAt(system.log)[0], DEADLINE_MS, 'the memory when nothing is done');

    let peak = idle;
    const collecting = setInterval(collect, COLLECT_EVERY_MS);
    const watch = setInterval(() => (peak = Math.max(peak, memoryOf(pid))), 100);
    const lateBy: number[] = [];
    for (let n = 0; n < EVENTS; n++) {
      const firedAt = Date.now();
      await api.fire(trigger, { n });
      const got = await waitFor(
        () => healthy.requests.find((each) => each.text.includes(`"n":${n}}`)),
        DEADLINE_MS,
        `the healthy delivery ${n}`,
      );
      lateBy.push(got.at - firedAt);
      await sleep(50);
    }
    expect(lateBy.filter((ms) => ms > PROMPT_MS)).toEqual([]);

    await waitFor(
      () => hostile.every((one) => one.connections > one.open()),
      DEADLINE_MS * 2,
      'the end of a connection to every hostile receiver',
    );
    // Reading what was recorded takes memory as well, and more of it.
    clearInterval(watch);
    clearInterval(collecting);
    const alive = Math.max(...aliveAt(system.log)) - idleAlive;
    const recorded: Delivery[] = [];
    for (const { id } of endpoints)
      recorded.push(await waitFor(() => attemptedDelivery(id), DEADLINE_MS, `an attempt at endpoint ${id}`));
    const untold = recorded.filter((delivery) => !/"(code|message|status)":/.test(JSON.stringify(delivery)));
    expect(untold).toEqual([]);
    console.log(
      `memory: ${Math.round(idle / 1e6)} MB idle, at most ${Math.round(peak / 1e6)} MB, ${Math.round(alive / 1e6)} MB more alive`,
    );
    expect(alive).toBeLessThan(ALIVE_BYTES);
    expect(peak - idle).toBeLessThan(RESIDENT_BYTES);
    expect((await fetch(`${system.url}/readyz`)).status).toBe(200);
    expect(system.log.split('\n').filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  /** A delivery to the endpoint with an attempt that has ended, or null. */
  async function attemptedDelivery(endpointId: number): Promise<Delivery | null> {
    const page = await api.must<{ items: Delivery[] }>('GET', `/v1/deliveries?endpointId=${endpointId}&limit=200`);
    for (const { id } of page.items.slice(-3)) {
      const delivery = await api.must<Delivery>('GET', `/v1/deliveries/${id}`);
      if (delivery.attempts.length > 0) return delivery;
    }
    return null;
  }
});
