import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Call, client, GREET, pointersOf, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let shop: { id: number; uuid: string };
let inline: { id: number };

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  const made = async (body: object) => (await call('POST', '/v1/endpoints', body)).body;
  shop = (await made({ kind: 'event', name: 'Shop', url: 'https://shop.example/', events: ['*'] })) as never;
  inline = (await made({ kind: 'inline', hookType: 'SIEM', name: 'Siem', url: 'https://siem.example/' })) as never;
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const front = (forwardTo: unknown, more: object = {}) =>
  call('POST', '/v1/triggers', { name: 'Front', forwardTo, ...more });

describe('GW-11: a trigger that hands its requests on', () => {
  it('names endpoints by integer or uuid and headers, is read back, changed, and routed at once', async () => {
    const { status, body } = await front({
      endpoints: [shop.uuid, shop.id],
      headers: ['X-Event', 'x-event', 'Accept'],
    });
    expect([status, body.flowId]).toEqual([201, null]);
    const forwardTo = { endpoints: [shop.id], headers: ['x-event', 'accept'] };
    expect((await call('GET', `/v1/triggers/${String(body.id)}`)).body).toMatchObject({ forwardTo, profile: 'native' });
    const changed = await call('PATCH', `/v1/triggers/${String(body.id)}`, { forwardTo: { endpoints: [shop.id] } });
    expect(changed.body).toMatchObject({ forwardTo: { endpoints: [shop.id], headers: [] } });
    const { rows } = await database.pool.query('select flow_id from registry.routes where trigger_id = $1', [body.id]);
    expect(rows).toEqual([{ flow_id: null }]);
  });

  it.each<[unknown, object, string]>([
    ['x', {}, '/forwardTo'],
    [{ endpoints: [] }, {}, '/forwardTo/endpoints'],
    [{ endpoints: ['shop'] }, {}, '/forwardTo/endpoints'],
    [{ endpoints: [1.5] }, {}, '/forwardTo/endpoints'],
    [{ endpoints: Array.from({ length: 21 }, (_, index) => index + 1) }, {}, '/forwardTo/endpoints'],
    [{ endpoints: [99_999_999_999] }, {}, '/forwardTo/endpoints/0'],
    [{ endpoints: [newId()] }, {}, '/forwardTo/endpoints/0'],
    [{ endpoints: [1], headers: 'x-a' }, {}, '/forwardTo/headers'],
    [{ endpoints: [1], headers: ['Authorization'] }, {}, '/forwardTo/headers/0'],
    [{ endpoints: [1], headers: ['x-ok', 'webhook-signature'] }, {}, '/forwardTo/headers/1'],
    [{ endpoints: [1], headers: ['a b'] }, {}, '/forwardTo/headers/0'],
    [{ endpoints: [1], other: 1 }, {}, '/forwardTo/other'],
    [{ endpoints: [1] }, { profile: 'run' }, '/forwardTo'],
    [{ endpoints: [1] }, { flowId: newId() }, '/forwardTo'],
  ])('refuses %j with %j', async (forwardTo, more, pointer) => {
    const answer = await front(forwardTo, more);
    expect([answer.status, pointersOf(answer)]).toEqual([422, [pointer]]);
  });

  it('does not name inline endpoints, and does not change into one that starts a flow, nor back', async () => {
    expect(pointersOf(await front({ endpoints: [inline.id] }))).toEqual(['/forwardTo/endpoints/0']);
    const forwarding = await front({ endpoints: [shop.id] });
    const change = (id: unknown, body: object) => call('PATCH', `/v1/triggers/${String(id)}`, body);
    expect(pointersOf(await change(forwarding.body.id, { forwardTo: null }))).toEqual(['/forwardTo']);
    const flow = await call('POST', '/v1/flows', GREET);
    const starting = await call('POST', '/v1/triggers', { name: 'Starts', flowId: flow.body.id });
    expect((await change(starting.body.id, { forwardTo: null })).status).toBe(200);
    expect(pointersOf(await change(starting.body.id, { forwardTo: { endpoints: [shop.id] } }))).toEqual(['/forwardTo']);
  });
});
