import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  await new Neighbours(running.app.nest).token('publisher', { scopes: ['events.publish'] });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

let serial = 0;
async function publish(): Promise<number> {
  const event = { specversion: '1.0', id: `e${++serial}`, source: '/shop', type: 'order.created' };
  const answer = await fetch(`${running.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer publisher', 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(event),
  });
  return answer.status;
}
async function readiness(): Promise<{ status: number; postgres: unknown }> {
  const answer = await fetch(`${running.url}/readyz`);
  const { checks } = (await answer.json()) as { checks: { postgres: unknown } };
  return { status: answer.status, postgres: checks.postgres };
}

it('OP-02: while PostgreSQL has no room for events /readyz is 503 and says why; after it everything goes on', async () => {
  expect([await publish(), (await readiness()).postgres]).toEqual([202, { ok: true }]);
  // As PostgreSQL says it when a table cannot grow.
  await database.pool.query(`create function public.no_room() returns trigger language plpgsql as $$ begin
    raise exception 'could not extend file "base/5/16384": No space left on device' using errcode = '53100'; end $$`);
  await database.pool.query(
    'create trigger no_room before insert on gateway.events for each statement execute function public.no_room()',
  );
  expect(await publish()).toBe(503);
  expect(await readiness()).toEqual({
    status: 503,
    postgres: {
      ok: false,
      detail: expect.stringContaining('refuses to write events of the gateway: could not extend file') as string,
    },
  });
  await database.pool.query('drop trigger no_room on gateway.events');
  expect([await publish(), (await readiness()).postgres]).toEqual([202, { ok: true }]);
});
