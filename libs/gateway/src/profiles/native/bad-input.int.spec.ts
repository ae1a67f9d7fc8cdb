import { type FlowState, newId, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../../gateway.fixture.ts';
import { gatewayService } from '../../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let trigger: TriggerState;
const others: Record<string, TriggerState> = {};

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  const flow = await neighbours.flow();
  const paused: FlowState = await neighbours.flow({ status: 'paused' });
  const draft: FlowState = await neighbours.flow({ status: 'draft', publishedVersion: null });
  others.paused = await neighbours.trigger(paused);
  others.draft = await neighbours.trigger(draft);
  others.disabled = await neighbours.trigger(flow, { enabled: false });
  others.bearer = await neighbours.trigger(flow, { auth: { type: 'bearer' } });
  others.deleted = await neighbours.trigger(flow);
  await neighbours.append(others.deleted.id, 'TriggerDeleted', { trigger: others.deleted });
  trigger = await neighbours.trigger(flow);
  // The last one: when it is known, all are.
  await waitFor(async () => (await send({})).status === 202);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

interface Sent {
  to?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  query?: string;
}
const KEY = { 'x-sluice-webhook-token': 'secret-token' };

function send({ to = trigger.id, method = 'POST', headers = {}, body, query = '' }: Sent): Promise<Response> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return fetch(`${running.url}/t/${to}${query}`, {
    method,
    headers: { ...KEY, ...type, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const keys = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n])));
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const xml = { 'content-type': 'application/xml' };
const multipart = { 'content-type': 'multipart/form-data; boundary=x' };
const PART = '--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n';

describe('GW-03: bad input is a clear, documented error and never an event', () => {
  it.each<[string, () => Sent, number, string]>([
    ['an unknown trigger', () => ({ to: newId() }), 404, 'unknown_trigger'],
    ['an id that is no uuid', () => ({ to: "1'; drop table x" }), 404, 'unknown_trigger'],
    ['a deleted trigger', () => ({ to: others.deleted?.id }) as Sent, 404, 'unknown_trigger'],
    ['an unknown trigger with a wrong method', () => ({ to: newId(), method: 'DELETE' }), 404, 'unknown_trigger'],
    ['a wrong method', () => ({ method: 'PUT', body: '{}' }), 405, 'method_not_allowed'],
    [
      'a wrong method without a token',
      () => ({ method: 'GET', headers: { 'x-sluice-webhook-token': '' } }),
      405,
      'method_not_allowed',
    ],
    ['OPTIONS', () => ({ method: 'OPTIONS' }), 405, 'method_not_allowed'],
    ['a missing token', () => ({ headers: { 'x-sluice-webhook-token': '' } }), 401, 'unauthorized'],
    ['a wrong token', () => ({ headers: { 'x-sluice-webhook-token': 'secret-tokeN' } }), 401, 'unauthorized'],
    ['a missing bearer', () => ({ to: others.bearer?.id }) as Sent, 401, 'unauthorized'],
    [
      'a wrong token and a broken body',
      () => ({ headers: { 'x-sluice-webhook-token': 'no' }, body: '{' }),
      401,
      'unauthorized',
    ],
    ['a paused flow', () => ({ to: others.paused?.id }) as Sent, 409, 'flow_paused'],
    [
      'a paused flow and a wrong token',
      () => ({ to: others.paused?.id, headers: { 'x-sluice-webhook-token': 'no' } }) as Sent,
      401,
      'unauthorized',
    ],
    ['a flow that was never published', () => ({ to: others.draft?.id }) as Sent, 409, 'flow_not_published'],
    ['a disabled trigger', () => ({ to: others.disabled?.id }) as Sent, 409, 'trigger_disabled'],
    ['broken JSON', () => ({ body: '{"a":' }), 422, 'malformed_json'],
    ['70-deep JSON', () => ({ body: deep(70) }), 422, 'too_deep'],
    ['10,001 keys', () => ({ body: keys(10_001) }), 422, 'too_many_keys'],
    ['invalid UTF-8', () => ({ body: new Uint8Array([0x22, 0xff, 0x22]) }), 422, 'invalid_utf8'],
    ['1,001 fields', () => ({ headers: form, body: 'a=1&'.repeat(1001) }), 422, 'too_many_fields'],
    ['invalid UTF-8 in a form', () => ({ headers: form, body: 'a=%ff' }), 422, 'invalid_utf8'],
    ['invalid UTF-8 in the query', () => ({ query: '?a=%ff' }), 422, 'invalid_utf8'],
    ['broken XML', () => ({ headers: xml, body: '<a>' }), 422, 'malformed_xml'],
    ['a DOCTYPE', () => ({ headers: xml, body: '<!DOCTYPE a><a/>' }), 422, 'malformed_xml'],
    ['65-deep XML', () => ({ headers: xml, body: '<a>'.repeat(65) }), 422, 'too_deep'],
    ['a multipart body without an end', () => ({ headers: multipart, body: '--x\r\n' }), 422, 'malformed_multipart'],
    ['101 parts', () => ({ headers: multipart, body: PART.repeat(101) + '--x--' }), 422, 'too_many_parts'],
    [
      'another charset than UTF-8',
      () => ({ headers: { 'content-type': 'text/json; charset=utf-16' }, body: '{}' }),
      415,
      'unsupported_charset',
    ],
    [
      'an unknown content type',
      () => ({ headers: { 'content-type': 'nonsense' }, body: '{"a":1}' }),
      415,
      'unsupported_content_type',
    ],
    [
      'a body in an unknown coding',
      () => ({ headers: { 'content-encoding': 'zstd' }, body: 'x' }),
      415,
      'unsupported_content_encoding',
    ],
    ['a body of 1 MiB and a byte', () => ({ body: JSON.stringify('x'.repeat(1_048_575)) }), 413, 'body_too_large'],
  ])('%s', async (_, sent, status, code) => {
    const before = (await neighbours.accepted()).length;
    const answer = await send(sent());
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    const problem = (await answer.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ status, code, title: expect.any(String), detail: expect.any(String) });
    expect(problem.instance).toMatch(/^\/t\//);
    expect(JSON.stringify(problem)).not.toMatch(/\.ts|\.js|at async|secret-token/);
    expect(await neighbours.accepted()).toHaveLength(before);
  });

  it('says what a 401 and a 405 have to say', async () => {
    const challenge = await send({ to: others.bearer?.id as string });
    expect(challenge.headers.get('www-authenticate')).toBe('Bearer realm="sluice"');
    expect((await send({ method: 'PATCH' })).headers.get('allow')).toBe('POST');
    const head = await send({ method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([405, '']);
  });

  it('accepts what is just within the bounds, and __proto__ as data', async () => {
    const largest = JSON.stringify('x'.repeat(1_048_574));
    for (const body of [deep(64), keys(10_000), largest, '{"__proto__":{"admin":true}}', '"text"', '0']) {
      expect((await send({ body })).status).toBe(202);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('a longer or changed path is 404', async () => {
    for (const path of [`/t/${trigger.id}/x`, '/t/', '/t', `/T/${trigger.id}`]) {
      expect((await fetch(running.url + path, { method: 'POST', headers: KEY })).status).toBe(404);
    }
  });
});
