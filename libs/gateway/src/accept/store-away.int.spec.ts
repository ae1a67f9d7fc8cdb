import { newId, type TriggerState } from '@sluice/contracts';
import { temporaryPostgres, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let postgres: Awaited<ReturnType<typeof temporaryPostgres>>;
let running: RunningServices;
let neighbours: Neighbours;
let trigger: TriggerState;

beforeAll(async () => {
  postgres = await temporaryPostgres();
  const settings = testSettings(postgres.server.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  trigger = await neighbours.trigger(await neighbours.flow(), { auth: { type: 'none' } });
  await waitFor(() => neighbours.isKnown(trigger.id));
});
afterAll(async () => {
  await running?.close();
  await postgres?.remove();
});

const post = (id = trigger.id, body = '{}') =>
  fetch(`${running.url}/t/${id}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

describe('PostgreSQL away', () => {
  it('is 503 with Retry-After for every kind of request, and accepting goes on by itself afterwards', async () => {
    expect((await post()).status).toBe(202);
    await postgres.server.kill9();
    const answers = await Promise.all([post(), post(newId()), post(trigger.id, JSON.stringify('x'.repeat(300_000)))]);
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await answer.json()).toMatchObject({ code: 'store_unavailable' });
    }
    await postgres.restart();
    await waitFor(async () => (await post()).status === 202, 20_000);
    expect((await post(newId())).status).toBe(404);
  });

  it('nothing that got a 2xx is missing after kill -9 under load, and nothing is stored twice', async () => {
    const accepted: string[] = [];
    const statuses = new Map<number, number>();
    let going = true;
    const senders = Array.from({ length: 16 }, async () => {
      while (going) {
        const answer = await post();
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        const { id } = (await answer.json()) as { id: string };
        if (answer.status === 202) accepted.push(id);
      }
    });
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await postgres.server.kill9();
      await postgres.restart();
      const reached = accepted.length;
      await waitFor(() => accepted.length > reached + 50, 20_000);
    }
    going = false;
    await Promise.all(senders);
    expect([...statuses.keys()].sort().filter((status) => status !== 202 && status !== 503)).toEqual([]);
    const stored = (await neighbours.accepted()).map((event) => event.streamId);
    expect(new Set(stored).size).toBe(stored.length);
    const known = new Set(stored);
    expect(accepted.filter((id) => !known.has(id))).toEqual([]);
  });
});
