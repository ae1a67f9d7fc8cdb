import { createHash } from 'node:crypto';
import { DEFAULT_APP_ID } from '@sluice/access';
import { type FlowState, type TriggerAccepted, timeOfId } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../../gateway.fixture.ts';
import { gatewayService } from '../../gateway.service.ts';
import { NativeProfile } from './native-profile.ts';

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
  await neighbours.token('editor-token', { scopes: ['automation.manage'] });
  await neighbours.token('viewer-token', { scopes: ['automation.view'] });
  await neighbours.token('stranger-token', { scopes: ['admin'], appId: await neighbours.app('stranger') });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const KEY = { 'x-sluice-webhook-token': 'secret-token' };
const JSON_TYPE = { 'content-type': 'application/json' };

/** Posts as soon as the gateway knows the trigger. */
async function post(
  id: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  query = '',
): Promise<Response> {
  const send = () => fetch(`${running.url}/t/${id}${query}`, { method: 'POST', headers: { ...KEY, ...headers }, body });
  let answer = await send();
  await waitFor(async () => {
    if (answer.status === 404) answer = await send();
    return answer.status !== 404;
  }, 5000);
  return answer;
}

async function eventOf(id: string): Promise<StoredEvent & { accepted: TriggerAccepted }> {
  const event = await neighbours.event(id);
  return Object.assign(event, { accepted: event.data as TriggerAccepted });
}

describe('POST /t/{id}', () => {
  it('GW-04: answers 202 with the id of the run, its Location and Retry-After, once the event is stored', async () => {
    const trigger = await neighbours.trigger(flow);
    const answer = await post(trigger.id, '{"company_id": 7}', JSON_TYPE);
    expect(answer.status).toBe(202);
    const { id, status } = (await answer.json()) as { id: string; status: string };
    expect(status).toBe('accepted');
    expect(answer.headers.get('location')).toBe(`${running.url}/v1/runs/${id}`);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(Math.abs(timeOfId(id) - Date.now())).toBeLessThan(10_000);
    const stored = await eventOf(id);
    expect(stored).toMatchObject({ type: 'TriggerAccepted', version: 1, appId: DEFAULT_APP_ID });
    expect(stored.meta).toEqual({ correlationId: id, causationId: null });
  });

  it('keeps the raw bytes beside the event, with their hash, and what came with them', async () => {
    const trigger = await neighbours.trigger(flow, { props: { shop: 1 } });
    const body = '{ "name": "Zoë",\r\n "__proto__": {"admin": true}, "constructor": 1 }';
    const headers = { ...JSON_TYPE, 'x-order': '7', 'x-forwarded-for': '198.51.100.7' };
    const answer = await post(trigger.id, body, headers, '?tag=a&tag=b&kind=test&n=1');
    const stored = await eventOf(((await answer.json()) as { id: string }).id);
    expect(stored.body?.toString()).toBe(body);
    expect(stored.dataJson).not.toContain('Zoë');
    expect(stored.accepted).toMatchObject({
      triggerId: trigger.id,
      flowId: flow.id,
      mode: 'live',
      profile: 'native',
      method: 'POST',
      query: { tag: ['a', 'b'], kind: 'test', n: '1' },
      headers: { 'x-order': '7', 'content-type': 'application/json' },
      contentType: 'application/json',
      bodyKind: 'json',
      bodySize: Buffer.byteLength(body),
      bodySha256: createHash('sha256').update(body).digest('hex'),
      bodyPayloadId: null,
      remoteAddress: '198.51.100.7',
      replyTo: null,
      props: { shop: 1 },
    });
    expect(stored.accepted.receivedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('never stores the credential, Authorization or a cookie', async () => {
    const trigger = await neighbours.trigger(flow, { auth: { type: 'header', name: 'X-Custom-Key' } });
    const answer = await post(trigger.id, 'a=1', {
      'x-custom-key': 'secret-token',
      authorization: 'Bearer other-secret',
      cookie: 'sid=secret-cookie',
    });
    expect(answer.status).toBe(202);
    const stored = await eventOf(((await answer.json()) as { id: string }).id);
    expect(JSON.stringify(stored.dataJson)).not.toContain('secret');
    expect(stored.accepted.bodyKind).toBe('form');
  });

  it('OP-01: passes a caller’s trace context on', async () => {
    const trigger = await neighbours.trigger(flow);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await post(trigger.id, '', { traceparent });
    const stored = await eventOf(((await answer.json()) as { id: string }).id);
    expect(stored.meta.traceparent).toBe(traceparent);
    expect(stored.accepted.bodyKind).toBe('empty');
    expect(stored.body).toBeNull();
  });

  it('takes every method the trigger names, a GET with its query alone', async () => {
    const trigger = await neighbours.trigger(flow, { methods: ['GET', 'PUT', 'DELETE'], auth: { type: 'none' } });
    await post(trigger.id, '');
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await fetch(`${running.url}/t/${trigger.id}?a=1`, { method });
      expect(answer.status).toBe(202);
      const stored = await eventOf(((await answer.json()) as { id: string }).id);
      expect(stored.accepted).toMatchObject({ method, query: { a: '1' } });
    }
  });

  it('keeps a body over 256 KiB in the payload store, referenced by the event', async () => {
    const trigger = await neighbours.trigger(flow);
    const body = JSON.stringify({ text: 'x'.repeat(300_000) });
    const stored = await eventOf(((await (await post(trigger.id, body, JSON_TYPE)).json()) as { id: string }).id);
    expect(stored.body).toBeNull();
    const { rows } = await database.pool.query('select bytes, referenced from payloads.payloads where id = $1', [
      stored.accepted.bodyPayloadId,
    ]);
    expect(rows).toMatchObject([{ referenced: true }]);
    expect((rows[0] as { bytes: Buffer }).bytes.toString()).toBe(body);
  });

  it('finds a trigger whose id is written in upper case', async () => {
    const trigger = await neighbours.trigger(flow);
    expect((await post(trigger.id.toUpperCase(), '{}', JSON_TYPE)).status).toBe(202);
  });
});

describe('a caller that waits', () => {
  it('GW-04: is told 504 with the Location of the run when its time is over; the late answer disturbs nobody', async () => {
    const sync = await neighbours.flow({}, { steps: [], response: { mode: 'sync' } });
    const trigger = await neighbours.trigger(sync);
    await waitFor(() => neighbours.isKnown(trigger.id));
    const profile = running.app.nest.get(NativeProfile, { strict: false });
    const { answerTimeoutMs } = profile;
    Object.assign(profile, { answerTimeoutMs: 50 });
    const answer = await post(trigger.id, '{}', JSON_TYPE).finally(() => Object.assign(profile, { answerTimeoutMs }));
    const location = answer.headers.get('location') as string;
    expect([answer.status, location]).toEqual([504, expect.stringContaining(`${running.url}/v1/runs/`)]);
    expect(await answer.json()).toMatchObject({ code: 'answer_timeout' });
    const id = location.slice(location.lastIndexOf('/') + 1);
    expect((await eventOf(id)).accepted.replyTo).toBe('gateway-1');
    await neighbours.answer(id);
    expect((await post(trigger.id, '{', JSON_TYPE)).status).toBe(422);
  });
});

describe('GW-01: ?mode=draft', () => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  it('runs the latest draft for a token that may edit, also of a flow that was never published', async () => {
    const draft = await neighbours.flow({ status: 'draft', publishedVersion: null });
    const trigger = await neighbours.trigger(draft);
    expect((await post(trigger.id, '{}', JSON_TYPE)).status).toBe(409);
    const answer = await post(trigger.id, '{}', { ...JSON_TYPE, ...bearer('editor-token') }, '?mode=draft');
    expect(answer.status).toBe(202);
    const stored = await eventOf(((await answer.json()) as { id: string }).id);
    expect(stored.accepted.mode).toBe('draft');
    expect(stored.dataJson).not.toContain('editor-token');
  });

  it('a mode that there is not, or two of them, is 422 and runs nothing; live may be said', async () => {
    const trigger = await neighbours.trigger(flow);
    const answerTo = (query: string) => post(trigger.id, '{}', JSON_TYPE, query);
    for (const query of ['?mode=drfat', '?mode=Draft', '?mode=', '?mode=draft&mode=live']) {
      const answer = await answerTo(query);
      const { code, detail } = (await answer.json()) as { code: string; detail: string };
      expect([query, answer.status, code]).toEqual([query, 422, 'unknown_mode']);
      expect(detail).toContain('"draft"');
    }
    expect((await answerTo('?mode=live')).status).toBe(202);
    const stranger = await fetch(`${running.url}/t/${trigger.id}?mode=x`, { method: 'POST', body: '{}' });
    expect(stranger.status).toBe(401);
  });

  it('is refused to the trigger’s own token, to one that may only look, and to another app’s (404)', async () => {
    const trigger = await neighbours.trigger(flow);
    await post(trigger.id, '{}', JSON_TYPE);
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${running.url}/t/${trigger.id}?mode=draft`, { method: 'POST', headers })).status;
    expect(await status(KEY)).toBe(401);
    expect(await status(bearer('viewer-token'))).toBe(403);
    expect(await status(bearer('stranger-token'))).toBe(404);
  });
});
