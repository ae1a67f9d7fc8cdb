import { newId, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let trigger: TriggerState;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  const neighbours = new Neighbours(running.app.nest);
  trigger = await neighbours.trigger(await neighbours.flow(), { auth: { type: 'none' } });
  await waitFor(() => neighbours.isKnown(trigger.id));
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

interface Answer {
  status: number;
  id: string | undefined;
  said: string | undefined;
}

async function send(key: string, body = '{}'): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const answer = await fetch(`${running.url}/t/${trigger.id}`, { method: 'POST', headers, body });
  const shown = (await answer.json()) as { id?: string; status?: string; code?: string };
  return { status: answer.status, id: shown.id, said: shown.code ?? shown.status };
}

/** Sends in this order, 256 at a time. */
async function sendAll(keys: readonly string[], body?: string): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < keys.length; at += 256) {
    answers.push(...(await Promise.all(keys.slice(at, at + 256).map((key) => send(key, body)))));
  }
  return answers;
}

it('GW-05: keys beyond those in memory are each accepted once and answered for their own run, in whatever company', async () => {
  const past = 500;
  const keys = Array.from({ length: GATEWAY_LIMITS.maxIdempotencyKeysInMemory + past }, (_, n) => `key-${n}`);
  const first = await sendAll(keys);
  expect(new Set(first.map(({ status, said }) => `${status} ${said}`))).toEqual(new Set(['202 accepted']));
  expect(new Set(first.map(({ id }) => id)).size).toBe(keys.length);

  // The oldest are out of memory: their repeats reach the store in the same batches as keys that are new, as repeats
  // that memory knows, and as each other.
  const forgotten = keys.slice(0, past);
  const mixed = forgotten.flatMap((key, n) => [key, newId(), keys.at(-1 - n) as string, key]);
  const answers = await sendAll(mixed);
  const runOf = new Map(keys.map((key, n) => [key, first[n]?.id]));
  const expected = mixed.map((key) => (runOf.has(key) ? ['previously_accepted', runOf.get(key)] : ['accepted', null]));
  expect(answers.map(({ said, id }, n) => [said, runOf.has(mixed[n] as string) ? id : null])).toEqual(expected);

  const reused = await sendAll(keys.slice(past, past + 50), '{"other":true}');
  expect(new Set(reused.map(({ said }) => said))).toEqual(new Set(['idempotency_key_reused']));
  const { rows } = await database.pool.query<{ events: number; keys: number }>(
    `select (select count(*)::int from gateway.events where type = 'TriggerAccepted') as events,
       (select count(*)::int from gateway.idempotency_keys) as keys`,
  );
  expect(rows).toEqual([{ events: keys.length + past, keys: keys.length + past }]);
}, 120_000);
