import type { FlowState, TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { RateWindows } from './rate-windows.worker.ts';

const MINUTE = 60_000;
let database: TestDatabase;
let replicas: RunningServices[];
let neighbours: Neighbours;
let flow: FlowState;

beforeAll(async () => {
  database = await createTestDatabase();
  const start = (instanceId: string) =>
    startServices({
      services: [gatewayService, ...NEIGHBOURS],
      settings: testSettings(database.url, {
        instanceId,
        trustedProxies: ['127.0.0.0/8'],
        rateLimits: { address: { native: { limit: 20, windowMs: MINUTE } }, trigger: null, app: null, ipv6Prefix: 64 },
      }),
      logger: SILENT,
      soleWriter: false,
    });
  replicas = [await start('gateway-1'), await start('gateway-2')];
  neighbours = new Neighbours((replicas[0] as RunningServices).app.nest);
  flow = await neighbours.flow();
});
afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.close()));
  await database?.drop();
});

interface Sent {
  trigger: TriggerState;
  from: string;
  replica?: 0 | 1;
  token?: string;
}

function send({ trigger, from, replica = 0, token = 'secret-token' }: Sent): Promise<Response> {
  return fetch(`${replicas[replica]?.url}/t/${trigger.id}`, {
    method: 'POST',
    headers: { 'x-sluice-webhook-token': token, 'x-forwarded-for': from, 'content-type': 'application/json' },
    body: '{}',
  });
}

async function statuses(count: number, sent: (n: number) => Sent): Promise<Record<number, number>> {
  const found: Record<number, number> = {};
  for (let n = 0; n < count; n++) {
    const { status } = await send(sent(n));
    found[status] = (found[status] ?? 0) + 1;
  }
  return found;
}

/** Both replicas have told what they counted, and heard of the other's. */
async function exchanged(): Promise<void> {
  for (const replica of [...replicas, ...replicas]) {
    await replica.app.nest.get(RateWindows, { strict: false }).exchange();
  }
}

async function triggerOf(change: Partial<TriggerState> = {}): Promise<TriggerState> {
  const trigger = await neighbours.trigger(flow, change);
  let probe = 0;
  const knows = async (replica: 0 | 1) =>
    (await send({ trigger, from: `203.0.113.${++probe}`, replica, token: 'no' })).status === 401;
  await waitFor(async () => (await knows(0)) && (await knows(1)));
  return trigger;
}

describe('LC-04: the limit per address', () => {
  it('refuses the request that is one too many over all triggers, 401s counted, with Retry-After and the fields', async () => {
    const [one, two] = [await triggerOf(), await triggerOf()];
    const from = '198.51.100.1';
    const first = await send({ trigger: one, from });
    expect(first.headers.get('ratelimit-policy')).toBe('"address";q=20;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"address";r=19;t=60$/);
    const rest = await statuses(19, (n) => ({
      trigger: n % 2 ? one : two,
      from,
      token: n < 5 ? 'wrong' : 'secret-token',
    }));
    expect(rest).toEqual({ 401: 5, 202: 14 });
    const refused = await send({ trigger: two, from });
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refused.headers.get('ratelimit')).toBe(`"address";r=0;t=${seconds}`);
    expect(await refused.json()).toMatchObject({
      code: 'too_many_requests',
      detail: expect.stringContaining('20 requests per minute'),
    });
    expect((await send({ trigger: one, from: '198.51.100.2' })).status).toBe(202);
  });

  it('comes before authentication: a wrong token is 429, too, once the limit is reached', async () => {
    const trigger = await triggerOf();
    const from = '198.51.100.3';
    expect(await statuses(22, () => ({ trigger, from, token: 'wrong' }))).toEqual({ 401: 20, 429: 2 });
  });

  it('an IPv6 network of 64 bits is one address', async () => {
    const trigger = await triggerOf();
    expect(await statuses(22, (n) => ({ trigger, from: `2001:db8:7::${n.toString(16)}` }))).toEqual({
      202: 20,
      429: 2,
    });
    expect((await send({ trigger, from: '2001:db8:7:1::1' })).status).toBe(202);
  });

  it('what an untrusted sender writes left of the proxy’s entry changes nothing', async () => {
    const trigger = await triggerOf();
    const found = await statuses(21, (n) => ({ trigger, from: `10.0.0.${n}, 198.51.100.4` }));
    expect(found).toEqual({ 202: 20, 429: 1 });
  });

  it('holds across replicas: what one has counted the other knows before its own first request', async () => {
    const trigger = await triggerOf();
    const from = '198.51.100.5';
    expect(await statuses(12, () => ({ trigger, from }))).toEqual({ 202: 12 });
    await exchanged();
    expect(await statuses(12, () => ({ trigger, from, replica: 1 }))).toEqual({ 202: 8, 429: 4 });
    await exchanged();
    expect(await statuses(3, () => ({ trigger, from }))).toEqual({ 429: 3 });
    const { rows } = await database.pool.query<{ hits: number }>(
      "select hits from gateway.rate_windows where key = 'address:native:198.51.100.5'",
    );
    expect(rows).toEqual([{ hits: 20 }]);
  });

  it('without being asked replicas exchange their counts several times a second', async () => {
    const trigger = await triggerOf();
    const from = '198.51.100.8';
    expect(await statuses(20, () => ({ trigger, from }))).toEqual({ 202: 20 });
    await waitFor(async () => (await send({ trigger, from, replica: 1 })).status === 429);
  });

  it('a window that the table has seen end is begun anew', async () => {
    const trigger = await triggerOf();
    const from = '198.51.100.6';
    await send({ trigger, from });
    await exchanged();
    await database.pool.query(`update gateway.rate_windows set started_at = now() - interval '2 minutes',
      ends_at = now() - interval '1 minute', hits = 20 where key = 'address:native:${from}'`);
    expect((await send({ trigger, from, replica: 1 })).status).toBe(202);
    await exchanged();
    const { rows } = await database.pool.query<{ hits: number; live: boolean }>(
      `select hits, ends_at > now() as live from gateway.rate_windows where key = 'address:native:${from}'`,
    );
    expect(rows).toEqual([{ hits: 1, live: true }]);
  });
});

describe('GW-07: the limit of a trigger', () => {
  it('counts what is authentic, whoever sends it, and only there', async () => {
    const trigger = await triggerOf({ rateLimit: { requests: 3, windowSeconds: 3_600 } });
    const other = await triggerOf();
    const found = await statuses(8, (n) => ({
      trigger,
      from: `192.0.2.${n}`,
      token: n < 3 ? 'wrong' : 'secret-token',
    }));
    expect(found).toEqual({ 401: 3, 202: 3, 429: 2 });
    const refused = await send({ trigger, from: '192.0.2.99' });
    expect(refused.headers.get('ratelimit-policy')).toBe('"address";q=20;w=60, "trigger";q=3;w=3600');
    expect(refused.headers.get('ratelimit')).toMatch(/^"address";r=19;t=60, "trigger";r=0;t=3[0-9]{3}$/);
    expect((await send({ trigger: other, from: '192.0.2.99' })).status).toBe(202);
  });

  it('a request of a paused flow is not counted', async () => {
    const paused = await neighbours.flow({ status: 'paused' });
    const trigger = await neighbours.trigger(paused, { rateLimit: { requests: 1, windowSeconds: 60 } });
    await waitFor(async () => (await send({ trigger, from: '192.0.2.110' })).status === 409);
    expect(await statuses(3, (n) => ({ trigger, from: `192.0.2.${111 + n}` }))).toEqual({ 409: 3 });
  });
});

describe('the exchange of counts', () => {
  it('a replica whose database is away counts for itself, and tells what it counted later', async () => {
    const trigger = await triggerOf();
    const from = '198.51.100.7';
    await database.pool.query('alter table gateway.rate_windows rename to rate_windows_away');
    expect(await statuses(21, () => ({ trigger, from }))).toEqual({ 202: 20, 429: 1 });
    await replicas[0]?.app.nest.get(RateWindows, { strict: false }).exchange();
    await database.pool.query('alter table gateway.rate_windows_away rename to rate_windows');
    await exchanged();
    const { rows } = await database.pool.query<{ hits: number }>(
      `select hits from gateway.rate_windows where key = 'address:native:${from}'`,
    );
    expect(rows).toEqual([{ hits: 20 }]);
  });
});
