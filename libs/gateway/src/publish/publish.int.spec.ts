import { DEFAULT_APP_ID } from '@sluice/access';
import type { EventPublished } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let shop: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  shop = await neighbours.app('shop');
  await neighbours.token('publisher', { scopes: ['events.publish'] });
  await neighbours.token('shop-publisher', { scopes: ['events.publish'], appId: shop });
  await neighbours.token('viewer', { scopes: ['automation.view'] });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

let serial = 0;
const event = (id = `e${++serial}`) => ({
  specversion: '1.0',
  id,
  source: '/shop',
  type: 'order.created',
  data: { n: 1 },
});
const BATCH = 'application/cloudevents-batch+json';

function publish(
  body: unknown,
  type = 'application/cloudevents+json',
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${running.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer publisher', 'content-type': type, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function stored(): Promise<{ appId: string; data: EventPublished; meta: Record<string, unknown> }[]> {
  const { rows } = await database.pool.query(
    'select app_id as "appId", data::json as data, meta::json as meta from gateway.events order by position',
  );
  return rows;
}

describe('GW-09: POST /v1/events', () => {
  it('answers 202 after the commit, in all three modes', async () => {
    const before = (await stored()).length;
    const structured = await publish(event());
    expect([structured.status, await structured.json()]).toEqual([202, { accepted: 1, duplicates: 0 }]);
    const batch = await publish([event(), event()], BATCH);
    expect(await batch.json()).toEqual({ accepted: 2, duplicates: 0 });
    const binary = { 'ce-specversion': '1.0', 'ce-id': 'b1', 'ce-source': '/shop', 'ce-type': 'order.paid' };
    expect(await (await publish('{"n":2}', 'application/json', binary)).json()).toEqual({ accepted: 1, duplicates: 0 });
    const events = (await stored()).slice(before);
    expect(events).toHaveLength(4);
    expect(events[3]).toMatchObject({
      appId: DEFAULT_APP_ID,
      data: { cloudEvent: { id: 'b1', source: '/shop', type: 'order.paid', data: { n: 2 } } },
      meta: { actor: { type: 'token' }, causationId: null },
    });
  });

  it('the same source and id is accepted once per app, also within a batch and by two at once', async () => {
    const before = (await stored()).length;
    const first = event('twice');
    expect(await (await publish(first)).json()).toEqual({ accepted: 1, duplicates: 0 });
    expect(await (await publish({ ...first, type: 'other' })).json()).toEqual({ accepted: 0, duplicates: 1 });
    expect(await (await publish([first, event('new'), event('new')], BATCH)).json()).toEqual({
      accepted: 1,
      duplicates: 2,
    });
    expect(await (await publish({ ...first, source: '/else' })).json()).toEqual({ accepted: 1, duplicates: 0 });
    const inShop = await publish(first, undefined, { authorization: 'Bearer shop-publisher' });
    expect(await inShop.json()).toEqual({ accepted: 1, duplicates: 0 });
    const racing = await Promise.all(Array.from({ length: 8 }, () => publish([event('race'), event()], BATCH)));
    const results = await Promise.all(racing.map((answer) => answer.json() as Promise<{ accepted: number }>));
    expect(results.reduce((sum, result) => sum + result.accepted, 0)).toBe(9);
    expect((await stored()).length - before).toBe(4 + 9);
  });

  it('takes 1,000 events at once, all or none', async () => {
    const many = Array.from({ length: 1000 }, () => event());
    expect(await (await publish(many, BATCH)).json()).toEqual({ accepted: 1000, duplicates: 0 });
    const before = (await stored()).length;
    const refused = await publish([event(), { ...event(), type: '' }], BATCH);
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ code: 'invalid_event', errors: [{ pointer: '/1/type' }] });
    expect((await publish([...many, event()], BATCH)).status).toBe(422);
    expect(await stored()).toHaveLength(before);
  });

  it('belongs to the app of the token, or the one that is named', async () => {
    await publish(event('named'), undefined, { 'x-sluice-app': 'shop' });
    expect((await stored()).at(-1)?.appId).toBe(shop);
    const unknown = await publish(event(), undefined, { 'x-sluice-app': 'nowhere' });
    expect([unknown.status, ((await unknown.json()) as { code: string }).code]).toEqual([404, 'unknown_app']);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['no token', { authorization: '' }, 401, 'unauthorized'],
    ['an unknown token', { authorization: 'Bearer who' }, 401, 'unauthorized'],
    ['a token without the scope', { authorization: 'Bearer viewer' }, 403, 'forbidden'],
    ['an unknown coding', { 'content-encoding': 'zstd' }, 415, 'unsupported_content_encoding'],
    ['what is no gzip', { 'content-encoding': 'gzip' }, 422, 'malformed_content_encoding'],
    [
      'another format of CloudEvents',
      { 'content-type': 'application/cloudevents+avro' },
      415,
      'unsupported_content_type',
    ],
    ['what is no event', { 'content-type': 'text/plain' }, 415, 'unsupported_content_type'],
  ])('refuses %s', async (_, headers, status, code) => {
    const answer = await publish(event(), undefined, headers);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
  });

  it.each([
    ['with a token that is no session', { cookie: 'sluice_session=publisher', 'x-sluice-csrf': '1' }],
    ['without the proof that our page sent it', { cookie: 'sluice_session=publisher' }],
    ['of another site', { cookie: 'sluice_session=publisher', 'x-sluice-csrf': '1', origin: 'https://evil.example' }],
  ])('refuses a cookie %s', async (_, headers) => {
    const type = { 'content-type': 'application/cloudevents+json' };
    const body = JSON.stringify(event());
    const answer = await fetch(`${running.url}/v1/events`, { method: 'POST', headers: { ...type, ...headers }, body });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([401, 'unauthorized']);
  });

  it('refuses broken JSON and a body over 1 MiB', async () => {
    const broken = await publish('{"a":');
    expect([broken.status, ((await broken.json()) as { code: string }).code]).toEqual([422, 'malformed_json']);
    expect((await publish({ ...event(), data: 'x'.repeat(1_048_576) })).status).toBe(413);
  });

  it('GW-03: another method is 405 and says which there are, whatever its body is', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await fetch(`${running.url}/v1/events`, { method, body: '<x>' });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST, OPTIONS']);
      expect(((await answer.json()) as { code: string }).code).toBe('method_not_allowed');
    }
  });

  it('answers the handshake of CloudEvents webhooks', async () => {
    const answer = await fetch(`${running.url}/v1/events`, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'shop.example', 'webhook-request-rate': '120' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('webhook-allowed-origin')).toBe('shop.example');
    expect(answer.headers.get('webhook-allowed-rate')).toBe('120');
    expect((await fetch(`${running.url}/v1/events`, { method: 'OPTIONS' })).status).toBe(204);
  });
});
