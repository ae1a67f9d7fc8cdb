import { derivedId, type FlowState, newId, type RequestCaptured, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { RouteTable } from '../routing/route-table.ts';

let database: TestDatabase;
let running: RunningServices[];
let neighbours: Neighbours;
let flow: FlowState;

const start = (instanceId: string) =>
  startServices({
    services: [gatewayService, ...NEIGHBOURS],
    settings: testSettings(database.url, { instanceId }),
    logger: SILENT,
  });

beforeAll(async () => {
  database = await createTestDatabase();
  running = [await start('gateway-1'), await start('gateway-2')];
  neighbours = new Neighbours((running[0] as RunningServices).app.nest);
  flow = await neighbours.flow();
});
afterAll(async () => {
  for (const each of running ?? []) await each.close();
  await database?.drop();
});

const KEY = { 'x-sluice-webhook-token': 'secret-token' };

/** Arms a trigger; resolves once every gateway knows. */
async function armed(trigger: TriggerState, forMs = 60_000): Promise<string> {
  const capture = { id: newId(), until: new Date(Date.now() + forMs).toISOString() };
  await neighbours.append(trigger.id, 'TriggerCaptureSet', { trigger: { ...trigger, capture } });
  const tables = running.map((each) => each.app.nest.get(RouteTable, { strict: false }));
  await waitFor(() => tables.every((table) => table.get(trigger.id)?.trigger.capture?.id === capture.id));
  return capture.id;
}

interface Answer {
  code: number;
  id: string;
  status: string;
}

async function post(trigger: TriggerState, at = 0, init: RequestInit = {}): Promise<Answer> {
  const url = `${(running[at] as RunningServices).url}/t/${trigger.id}`;
  const answer = await fetch(url, { method: 'POST', headers: KEY, body: '{"n":1}', ...init });
  return { ...((await answer.json()) as Omit<Answer, 'code'>), code: answer.status };
}

const sampleOf = async (captureId: string) => neighbours.event(derivedId('capture', captureId, ''));

describe('GW-01: capture', () => {
  it('of many requests at two gateways one is stored as a sample, all others start their runs', async () => {
    const trigger = await neighbours.trigger(flow);
    const captureId = await armed(trigger);
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => post(trigger, n % 2)));
    expect(answers.filter((answer) => answer.status === 'captured')).toEqual([
      { code: 202, id: captureId, status: 'captured' },
    ]);
    expect(answers.filter((answer) => answer.status === 'accepted')).toHaveLength(59);
    expect((await sampleOf(captureId)).data).toMatchObject({ captureId, triggerId: trigger.id, bodySize: 7 });
    expect((await post(trigger)).status).toBe('accepted');
  });

  it('stores what came, without the credential, also what no flow could read and of a paused flow', async () => {
    const paused = await neighbours.flow({ status: 'paused' });
    const trigger = await neighbours.trigger(paused);
    const captureId = await armed(trigger);
    const headers = { ...KEY, 'content-type': 'application/json', 'x-order': '7', cookie: 'a=b' };
    expect((await post(trigger, 0, { headers, body: '{"broken' })).status).toBe('captured');
    const event = await sampleOf(captureId);
    expect(event.body?.toString()).toBe('{"broken');
    expect(event.data as RequestCaptured).toMatchObject({ method: 'POST', headers: { 'x-order': '7' } });
    expect(event.dataJson).not.toMatch(/secret-token|a=b/);
    expect((await post(trigger)).code).toBe(409);
  });

  it('keeps a body over 256 KiB in the payload store', async () => {
    const trigger = await neighbours.trigger(flow);
    const captureId = await armed(trigger);
    expect((await post(trigger, 1, { body: JSON.stringify('x'.repeat(300_000)) })).status).toBe('captured');
    const event = await sampleOf(captureId);
    expect([event.body, (event.data as RequestCaptured).bodyPayloadId]).toEqual([null, expect.any(String)]);
  });

  it('a wrong credential, another method, a disabled trigger or a capture that is over captures nothing', async () => {
    const trigger = await neighbours.trigger(flow);
    const captureId = await armed(trigger);
    expect((await post(trigger, 0, { headers: {} })).code).toBe(401);
    expect((await post(trigger, 0, { method: 'PUT' })).code).toBe(405);
    expect((await post(trigger)).id).toBe(captureId);
    const disabled = await neighbours.trigger(flow, { enabled: false });
    await armed(disabled);
    expect((await post(disabled)).code).toBe(409);
    const late = await neighbours.trigger(flow);
    await armed(late, -1);
    expect((await post(late)).status).toBe('accepted');
  });

  it('a gateway that starts later knows what was armed, and what was captured is captured once', async () => {
    const [open, done] = [await neighbours.trigger(flow), await neighbours.trigger(flow)];
    const captureId = await armed(open);
    await armed(done);
    expect((await post(done)).status).toBe('captured');
    running.push(await start('gateway-3'));
    expect((await post(done, 2)).status).toBe('accepted');
    expect(await post(open, 2)).toEqual({ code: 202, id: captureId, status: 'captured' });
  });
});
