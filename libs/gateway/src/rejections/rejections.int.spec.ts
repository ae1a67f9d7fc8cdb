import type { FlowState, RequestRejected, TriggerState } from '@sluice/contracts';
import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let flow: FlowState;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url, { trustedProxies: ['127.0.0.0/8'] });
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  flow = await neighbours.flow();
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const KEY = { 'x-sluice-webhook-token': 'secret-token', 'content-type': 'application/json' };

function send(
  id: string,
  headers: Record<string, string>,
  body = '{}',
  method: 'POST' | 'PUT' = 'POST',
): Promise<Response> {
  return fetch(`${running.url}/t/${id}`, { method, headers: { ...KEY, ...headers }, body });
}

async function triggerOf(change: Partial<TriggerState> = {}): Promise<TriggerState> {
  const trigger = await neighbours.trigger(flow, change);
  await waitFor(() => neighbours.isKnown(trigger.id));
  return trigger;
}

async function rejectionsOf(triggerId: string): Promise<RequestRejected[]> {
  const { rows } = await database.pool.query<{ data: string }>(
    "select data from gateway.events where type = 'RequestRejected' order by position",
  );
  return rows.map((row) => JSON.parse(row.data) as RequestRejected).filter((each) => each.triggerId === triggerId);
}

/** Recorded ones, and those that were only counted with them. */
const toldOf = (recorded: readonly { notRecorded: number }[]): number =>
  recorded.reduce((sum, each) => sum + each.notRecorded, recorded.length);

describe('GW-08: a rejected request', () => {
  it('is recorded with time, trigger, reason, address, size and header names, and no value of a header', async () => {
    const trigger = await triggerOf();
    const secret = {
      'x-sluice-webhook-token': 'wrong-secret',
      'x-forwarded-for': '198.51.100.9',
      'x-other': 'private',
    };
    expect((await send(trigger.id, secret, '{"a":1}')).status).toBe(401);
    expect((await send(trigger.id, {}, '{"a":')).status).toBe(422);
    expect((await send(trigger.id, {}, '{}', 'PUT')).status).toBe(405);
    expect((await send(trigger.id, {}, `"${'x'.repeat(1_048_576)}"`)).status).toBe(413);
    const recorded = await waitFor(async () => {
      const found = await rejectionsOf(trigger.id);
      return found.length === 4 ? found : null;
    }, 10_000);
    expect(recorded.map((each) => [each.code, each.status, each.method, each.bodySize]).sort()).toEqual([
      ['body_too_large', 413, 'POST', 1_048_578],
      ['malformed_json', 422, 'POST', 5],
      ['method_not_allowed', 405, 'PUT', 2],
      ['unauthorized', 401, 'POST', 7],
    ]);
    const unauthorized = recorded.find((each) => each.code === 'unauthorized') as RequestRejected;
    expect(unauthorized).toMatchObject({
      flowId: flow.id,
      profile: 'native',
      remoteAddress: '198.51.100.9',
      notRecorded: 0,
    });
    expect(unauthorized.headerNames).toEqual(
      expect.arrayContaining(['x-other', 'x-sluice-webhook-token', 'content-type']),
    );
    expect(Math.abs(Date.parse(unauthorized.receivedAt) - Date.now())).toBeLessThan(60_000);
    expect(JSON.stringify(recorded)).not.toMatch(/secret|private/);
  });

  it('of a trigger that is knocked at hard is recorded ten times a second, the rest is counted', async () => {
    const trigger = await triggerOf();
    const wrong = { 'x-sluice-webhook-token': 'wrong' };
    const began = performance.now();
    await Promise.all(Array.from({ length: 300 }, () => send(trigger.id, wrong)));
    const seconds = Math.ceil((performance.now() - began) / 1000) + 1;
    await waitFor(async () => (await rejectionsOf(trigger.id)).length >= 10);
    await waitFor(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await send(trigger.id, wrong);
      return toldOf(await rejectionsOf(trigger.id)) >= 300;
    }, 20_000);
    const recorded = await rejectionsOf(trigger.id);
    expect(recorded.filter((each) => each.notRecorded === 0).length).toBeLessThanOrEqual(10 * seconds + 20);
    expect(recorded.some((each) => each.notRecorded > 0)).toBe(true);
  });

  it('for an unknown trigger is only counted', async () => {
    const id = newId();
    const count = async () => {
      const page = await (await fetch(`${running.url}/metrics`)).text();
      return Number(/^sluice_gateway_unknown_triggers_total (\d+)/m.exec(page)?.[1]);
    };
    const before = await count();
    expect((await send(id, {})).status).toBe(404);
    expect(await count()).toBe(before + 1);
    expect(await rejectionsOf(id)).toEqual([]);
  });

  it('with the store away is answered as ever; its record is dropped and counted', async () => {
    const trigger = await triggerOf();
    const dropped = async () => {
      const page = await (await fetch(`${running.url}/metrics`)).text();
      return Number(/^sluice_gateway_rejections_dropped_total (\d+)/m.exec(page)?.[1] ?? 0);
    };
    const before = await dropped();
    await database.pool.query('alter table gateway.events rename to events_away');
    try {
      const answer = await send(trigger.id, { 'x-sluice-webhook-token': 'wrong' });
      expect(answer.status).toBe(401);
      await waitFor(async () => (await dropped()) > before);
    } finally {
      await database.pool.query('alter table gateway.events_away rename to events');
    }
  });
});

describe('GW-13: a trigger with origins of its own', () => {
  const origin = 'https://shop.example';
  const preflight = (id: string, from: string) =>
    fetch(`${running.url}/t/${id}`, {
      method: 'OPTIONS',
      headers: {
        origin: from,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-sluice-webhook-token',
      },
    });
  const corsOf = (answer: Response) => answer.headers.get('access-control-allow-origin');

  it('answers their preflights, and says on every answer that they may read it, refusals included', async () => {
    const trigger = await triggerOf({ cors: { origins: [origin] }, methods: ['POST', 'PUT'] });
    const answer = await preflight(trigger.id, origin);
    expect([answer.status, corsOf(answer)]).toEqual([204, origin]);
    expect(answer.headers.get('access-control-allow-methods')).toBe('POST, PUT');
    expect(answer.headers.get('access-control-allow-headers')).toBe('content-type,x-sluice-webhook-token');
    expect(answer.headers.get('access-control-max-age')).toBe('600');
    for (const [headers, status] of [
      [{}, 202],
      [{ 'x-sluice-webhook-token': 'wrong' }, 401],
    ] as const) {
      const sent = await send(trigger.id, { origin, ...headers });
      expect([sent.status, corsOf(sent), sent.headers.get('vary')]).toEqual([status, origin, 'Origin']);
      expect(sent.headers.get('access-control-expose-headers')).toContain('Location');
    }
  });

  it('says nothing to other origins, and a trigger without says nothing to any', async () => {
    const trigger = await triggerOf({ cors: { origins: [origin] } });
    const without = await triggerOf();
    const answers = [await preflight(trigger.id, 'https://evil.example'), await preflight(without.id, origin)];
    expect(answers.map((answer) => [answer.status, corsOf(answer)])).toEqual([
      [405, null],
      [405, null],
    ]);
    const sent = await send(trigger.id, { origin: 'https://evil.example' });
    expect([sent.status, corsOf(sent), sent.headers.get('vary')]).toEqual([202, null, 'Origin']);
    expect((await send(without.id, { origin })).headers.get('vary')).toBeNull();
  });

  it('takes every origin with "*"', async () => {
    const trigger = await triggerOf({ cors: { origins: ['*'] } });
    const answer = await preflight(trigger.id, 'https://anybody.example');
    expect([answer.status, corsOf(answer)]).toEqual([204, '*']);
  });
});
