import {
  createTestDatabase,
  type HostileMode,
  type HostileReceiver,
  hostileReceiver,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { DeliveryStarter } from './delivery-starter.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let config: DeliveringConfig;
let lanes: DeliveryStarter['lanes'];
const hostiles: HostileReceiver[] = [];

async function start(): Promise<void> {
  const services = [dispatcherService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  config = running.app.nest.get(DeliveringConfig, { strict: false });
  lanes = running.app.nest.get(DeliveryStarter, { strict: false }).lanes;
}

async function hostile(mode: HostileMode): Promise<HostileReceiver> {
  const made = await hostileReceiver(mode);
  hostiles.push(made);
  return made;
}

beforeEach(async () => {
  database = await createTestDatabase();
  receiver = await recordingReceiver();
  await start();
});
afterEach(async () => {
  for (const each of hostiles.splice(0)) await each.close();
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

describe('one bad neighbour stays alone', () => {
  it('an endpoint that hangs delays no other, holds only its cap, and the rest of its deliveries wait in the table', async () => {
    const hanging = await hostile({ kind: 'never-answers' });
    await neighbours.endpoint({ url: hanging.url, concurrency: 3 });
    await neighbours.endpoint({ url: receiver.url });
    await neighbours.settled();
    const events = 300;
    for (let index = 0; index < events / 50; index++) await neighbours.emit(50);
    await receiver.waitFor(events, 20_000);
    await waitFor(async () => (await neighbours.attempts()).length === events);
    expect(hanging.requests).toBe(3);
    expect(lanes.inFlight).toBe(3);
    // What it was given at first goes back to the table when it has shown that it does not move.
    const most = 3 * config.waitingPerConcurrency;
    await waitFor(() => lanes.waiting <= most, 30_000);
    await waitFor(async () => (await neighbours.due()).filter((row) => row.leased).length <= most + 3, 30_000);
    expect(await neighbours.due()).toHaveLength(events);
  });

  it('when it answers again, everything that waited is delivered, each once', async () => {
    receiver.respond({ status: 200, delayMs: 20 });
    await neighbours.endpoint({ url: receiver.url, concurrency: 4 });
    await neighbours.settled();
    for (let index = 0; index < 5; index++) await neighbours.emit(40);
    await waitFor(
      async () => (await neighbours.attempts()).length === 200 && (await neighbours.due()).length === 0,
      20_000,
    );
    const ids = receiver.requests.map((request) => request.headers['webhook-id']);
    expect(ids).toHaveLength(200);
    expect(new Set(ids).size).toBe(200);
  });

  it('never has more requests under way at an endpoint than its concurrency', async () => {
    let open = 0;
    let most = 0;
    receiver.respond(async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 15));
      open--;
      return { status: open % 2 === 0 ? 200 : 500 };
    });
    await neighbours.endpoint({ url: receiver.url, concurrency: 3, retrySchedule: ['PT0S', 'PT0.05S', 'PT0.05S'] });
    await neighbours.settled();
    await neighbours.emit(60);
    await waitFor(
      async () => (await neighbours.due()).length === 0 && (await neighbours.attempts()).length >= 60,
      20_000,
    );
    expect(most).toBeLessThanOrEqual(3);
  });
});

describe('DL-08: hostile receivers', () => {
  const modes: HostileMode[] = [
    { kind: 'slow-drip', byteEveryMs: 20 },
    { kind: 'slow-head', byteEveryMs: 20 },
    { kind: 'never-answers' },
    { kind: 'endless-body' },
    { kind: 'reset', when: 'request' },
    { kind: 'huge-headers', bytes: 1_000_000 },
    { kind: 'gzip-bomb', unpackedBytes: 50_000_000 },
    { kind: 'http-garbage' },
  ];

  it('each end in a recorded attempt within the deadline, with the slot freed', async () => {
    config.attemptTimeoutMs = 1500;
    for (const mode of modes) {
      const bad = await hostile(mode);
      await neighbours.endpoint({ url: bad.url, name: mode.kind, retrySchedule: ['PT0S'] });
    }
    await neighbours.settled();
    await neighbours.emit();
    await waitFor(async () => (await neighbours.attempts()).length === modes.length);
    await waitFor(() => lanes.inFlight === 0);
    const attempts = await neighbours.attempts();
    const byUrl = new Map(attempts.map((attempt) => [attempt.request.url, attempt]));
    const outcomes = hostiles.map((bad, index) => {
      const attempt = byUrl.get(bad.url);
      return [modes[index]?.kind, attempt?.outcome, attempt?.error?.stage ?? attempt?.response?.status];
    });
    expect(outcomes).toEqual([
      ['slow-drip', 'failed', 'timeout'],
      ['slow-head', 'failed', 'timeout'],
      ['never-answers', 'failed', 'timeout'],
      ['endless-body', 'succeeded', 200],
      ['reset', 'failed', 'response'],
      ['huge-headers', 'failed', 'response'],
      ['gzip-bomb', 'succeeded', 200],
      ['http-garbage', 'failed', 'response'],
    ]);
    const endless = byUrl.get(hostiles[3]?.url ?? '');
    expect(endless?.response?.truncated).toBe(true);
    expect(endless?.response?.body.length).toBe(config.maxRecordedBytes);
    await waitFor(() => hostiles.every((bad) => bad.open() === 0));
  });
});

describe('stopping and starting', () => {
  it('gives waiting deliveries back, and the next process delivers each', async () => {
    config.attemptTimeoutMs = 300;
    const hanging = await hostile({ kind: 'never-answers' });
    await neighbours.endpoint({
      url: hanging.url,
      concurrency: 2,
      retrySchedule: ['PT0S', 'PT0.1S', 'PT0.1S', 'PT0.1S'],
    });
    await neighbours.settled();
    await neighbours.emit(6);
    await waitFor(() => lanes.inFlight === 2);
    await running.close();
    const { rows } = await database.pool.query<{ leased: number }>(
      'select count(*) filter (where lease_owner is not null)::int as leased, count(*)::int from dispatcher.due',
    );
    expect(rows[0]).toMatchObject({ leased: 0, count: 6 });
    hanging.mode = { kind: 'ok' };
    await start();
    await waitFor(async () => (await neighbours.due()).length === 0);
    const done = (await neighbours.attempts()).filter((attempt) => attempt.outcome === 'succeeded');
    expect(new Set(done.map((attempt) => attempt.deliveryId)).size).toBe(6);
  });
});
