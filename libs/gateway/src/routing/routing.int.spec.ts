import { newId, type TriggerState } from '@sluice/contracts';
import { ReplicaBoard } from '@sluice/local-copy';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings, triggerState } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { triggerRow } from './route.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const KEY = { 'x-sluice-webhook-token': 'secret-token' };
const post = (id: string, token = 'secret-token') =>
  fetch(`${running.url}/t/${id}`, { method: 'POST', headers: { ...KEY, 'x-sluice-webhook-token': token } });
const statusOf = async (id: string, token?: string) => (await post(id, token)).status;

/** Writes a trigger where only the registry's view shows it, as before its event has been applied here. */
async function onlyInRegistry(trigger: TriggerState): Promise<void> {
  const row = { ...triggerRow(trigger), status: 'active', published_version: 1, live_mode: null, draft_mode: null };
  await database.pool.query(
    'insert into registry.routes select * from json_populate_record(null::registry.routes, $1)',
    [JSON.stringify(row)],
  );
}

async function whenKnown(trigger: TriggerState): Promise<TriggerState> {
  await waitFor(() => neighbours.isKnown(trigger.id));
  return trigger;
}

describe('freshness of the routes', () => {
  it('a trigger works the instant the registry has it, before its event arrives', async () => {
    const trigger = triggerState(await neighbours.flow());
    await onlyInRegistry(trigger);
    expect(await statusOf(trigger.id)).toBe(202);
    expect(neighbours.isKnown(trigger.id)).toBe(false);
  });

  it('an id that nobody knows is asked for once a second at most, and works as soon as its event arrives', async () => {
    const trigger = triggerState(await neighbours.flow());
    expect(await statusOf(trigger.id)).toBe(404);
    await onlyInRegistry(trigger);
    expect(await statusOf(trigger.id)).toBe(404);
    await neighbours.append(trigger.id, 'TriggerCreated', { trigger });
    await whenKnown(trigger);
    expect(await statusOf(trigger.id)).toBe(202);
  });

  it('random ids reach the registry at most 200 times a second; the others are told to come again, known triggers go on', async () => {
    const known = await whenKnown(await neighbours.trigger(await neighbours.flow()));
    const fromMs = performance.now();
    const statuses: number[] = [];
    // A machine that needs seconds for 600 has not reached the limit yet.
    await waitFor(async () => {
      statuses.push(...(await Promise.all(Array.from({ length: 600 }, () => statusOf(newId())))));
      return statuses.includes(503);
    }, 60_000);
    const seconds = Math.ceil((performance.now() - fromMs) / 1_000) + 1;
    expect(statuses.filter((status) => status === 404).length).toBeLessThanOrEqual(200 * seconds);
    expect(new Set(statuses)).toEqual(new Set([404, 503]));
    expect(await statusOf(known.id)).toBe(202);
  });

  it('a replica that has lost its feed says so in /readyz, goes on with what it knows, and says when it is back', async () => {
    const known = await whenKnown(await neighbours.trigger(await neighbours.flow()));
    const readiness = async () => {
      const answer = await fetch(`${running.url}/readyz`);
      return { status: answer.status, text: await answer.text() };
    };
    expect((await readiness()).status).toBe(200);
    await database.pool.query('alter table gateway.triggers rename to triggers_away');
    try {
      // The minute in which every look at the table fails is not waited for.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
      const lost = await waitFor(async () => {
        const told = await readiness();
        return told.status === 503 ? told : null;
      }, 30_000);
      expect(lost.text).toContain('the routes were last read');
      expect(await statusOf(known.id)).toBe(202);
    } finally {
      vi.useRealTimers();
      await database.pool.query('alter table gateway.triggers_away rename to triggers');
    }
    await waitFor(async () => (await readiness()).status === 200, 30_000);
  });

  it('pausing, publishing another version, rotating and deleting take effect by their events', async () => {
    const flow = await neighbours.flow({ status: 'draft', publishedVersion: null });
    const trigger = await whenKnown(await neighbours.trigger(flow));
    expect(await statusOf(trigger.id)).toBe(409);
    const published = { ...flow, status: 'active' as const, publishedVersion: 1 };
    await neighbours.append(flow.id, 'FlowPublished', { flow: published });
    await waitFor(async () => (await statusOf(trigger.id)) === 202);
    await neighbours.append(flow.id, 'FlowStatusChanged', { flow: { ...published, status: 'paused' } });
    await waitFor(async () => (await post(trigger.id)).status === 409);
    await neighbours.append(flow.id, 'FlowStatusChanged', { flow: published });
    const rotated = triggerState(flow, { id: trigger.id, tokens: [] });
    await neighbours.append(trigger.id, 'TriggerTokenRevoked', { trigger: rotated });
    await waitFor(async () => (await statusOf(trigger.id)) === 401);
    await neighbours.append(trigger.id, 'TriggerDeleted', { trigger: rotated });
    await waitFor(async () => (await statusOf(trigger.id)) === 404);
  });

  it('a rollback brings back the response mode of the version it publishes', async () => {
    const flow = await neighbours.flow({}, { steps: [], response: { mode: 'sync' } });
    const later = { ...flow, version: 2, publishedVersion: 2 };
    await neighbours.append(flow.id, 'FlowUpdated', { flow: later, definition: { steps: [] } });
    const modes = async () =>
      (await database.pool.query('select live_mode, draft_mode from gateway.flows where flow_id = $1', [flow.id]))
        .rows[0];
    await waitFor(async () => (await modes())?.live_mode === null);
    await neighbours.append(flow.id, 'FlowPublished', { flow: { ...later, publishedVersion: 1 } });
    await waitFor(async () => (await modes())?.live_mode === 'sync');
    expect(await modes()).toEqual({ live_mode: 'sync', draft_mode: null });
  });

  it('whoever changed a trigger can wait until this replica routes by it', async () => {
    const flow = await neighbours.flow();
    const position = await neighbours.lastChange();
    const board = new ReplicaBoard({ pool: database.pool, instance: 'the registry' });
    expect(await board.waitUntilApplied('registry.events', position, ['gateway'])).toBe(true);
    const trigger = await neighbours.trigger(flow);
    expect(await board.waitUntilApplied('registry.events', await neighbours.lastChange(), ['gateway'])).toBe(true);
    expect(neighbours.isKnown(trigger.id)).toBe(true);
    await board.close();
  });
});

describe('two replicas', () => {
  it('route alike although one of them applies the events, and a restart loads what was applied', async () => {
    const trigger = await whenKnown(await neighbours.trigger(await neighbours.flow()));
    const second = await startServices({
      services: [gatewayService, ...NEIGHBOURS],
      settings: testSettings(database.url, { instanceId: 'gateway-2' }),
      logger: SILENT,
    });
    try {
      const other = new Neighbours(second.app.nest);
      expect(other.isKnown(trigger.id)).toBe(true);
      const later = await neighbours.trigger(await neighbours.flow());
      await waitFor(() => other.isKnown(later.id));
      expect((await fetch(`${second.url}/t/${later.id}`, { method: 'POST', headers: KEY })).status).toBe(202);
    } finally {
      await second.close();
    }
  });
});
