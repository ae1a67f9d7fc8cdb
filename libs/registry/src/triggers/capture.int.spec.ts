import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Call, client, GREET, pointersOf, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let trigger: string;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  const flowId = (await call('POST', '/v1/flows', GREET)).body.id as string;
  trigger = (await call('POST', '/v1/triggers', { flowId, name: 'Inbound' })).body.id as string;
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const captureOf = async () => (await call('GET', `/v1/triggers/${trigger}`)).body.capture as Record<string, string>;

describe('GW-01: arming a trigger to capture a request', () => {
  it('is a change of the trigger that gateways hear of, for five minutes or as long as is said', async () => {
    const { status, body, headers } = await call('POST', `/v1/triggers/${trigger}/capture`, {});
    expect([status, headers.get('location')]).toEqual([201, `/v1/triggers/${trigger}/capture?id=${String(body.id)}`]);
    expect(await captureOf()).toEqual({ id: body.id, until: body.until });
    const minutes = (Date.parse(body.until as string) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(4);
    expect(minutes).toBeLessThan(5.1);
    const again = await call('POST', `/v1/triggers/${trigger}/capture`, { duration: 'PT10M' });
    expect(again.body.id).not.toBe(body.id);
    const { rows } = await database.pool.query('select state from registry.routes where trigger_id = $1', [trigger]);
    expect(JSON.parse((rows[0] as { state: string }).state)).toMatchObject({ capture: { id: again.body.id } });
    expect((await call('DELETE', `/v1/triggers/${trigger}/capture`)).status).toBe(204);
    expect(await captureOf()).toBeNull();
  });

  it('sends a caller that waits to where the sample will be', async () => {
    const path = `/v1/triggers/${trigger}/capture`;
    const init = { method: 'POST', headers: { authorization: `Bearer ${ADMIN_TOKEN}` }, redirect: 'manual' as const };
    const answer = await fetch(`${running.url}${path}?wait=30s`, init);
    const { id } = (await answer.json()) as { id: string };
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${path}?id=${id}&wait=30s`]);
    expect(await captureOf()).toMatchObject({ id });
    for (const wait of ['soon', '61s', '', '1&wait=2']) {
      const refused = await call('POST', `${path}?wait=${wait}`, {});
      expect([wait, refused.status, pointersOf(refused)]).toEqual([wait, 422, ['/wait']]);
    }
  });

  it.each([
    [{ duration: 'PT11M' }],
    [{ duration: 'PT0.5S' }],
    [{ duration: 'soon' }],
    [{ duration: 5 }],
    [{ count: 2 }],
  ])('refuses %j', async (body) => {
    const answer = await call('POST', `/v1/triggers/${trigger}/capture`, body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, [`/${Object.keys(body)[0]}`]]);
  });

  it('an unknown trigger is 404', async () => {
    for (const method of ['POST', 'DELETE'] as const) {
      expect((await call(method, `/v1/triggers/${newId()}/capture`, method === 'POST' ? {} : undefined)).status).toBe(
        404,
      );
    }
  });
});
