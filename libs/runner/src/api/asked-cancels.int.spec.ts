import type { RunFinished } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const types = async (id: string) => (await neighbours.run(id)).map((event) => event.type);
const ended = (id: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(id)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  });

const SLEEPY = { steps: [{ ref: 'nap', type: 'delay', for: 'PT1H' }] };

describe('LT-08: a wish to cancel that the gateway took', () => {
  it('ends a run that waits, in the name of who asked', async () => {
    const id = await neighbours.accept(await neighbours.flow(SLEEPY));
    await waitFor(async () => (await types(id)).includes('RunWaiting'));
    await neighbours.askCancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    const asked = (await neighbours.run(id)).find((event) => event.type === 'RunCancelRequested');
    expect(asked?.meta.actor).toMatchObject({ type: 'trigger' });
  });

  it('that comes together with its request ends the run before its first step', async () => {
    const flow = await neighbours.flow(SLEEPY);
    const ids = await neighbours.acceptAll(Array.from({ length: 20 }, () => ({ flow })));
    await Promise.all(ids.map((id) => neighbours.askCancel(id)));
    for (const id of ids) expect(await ended(id)).toMatchObject({ status: 'cancelled' });
  });

  it('changes nothing about a run that is over, and holds up nobody', async () => {
    const flow = await neighbours.flow({ steps: [{ ref: 'msg', type: 'set', values: { n: 1 } }] });
    const id = await neighbours.accept(flow);
    expect(await ended(id)).toMatchObject({ status: 'succeeded' });
    const before = await types(id);
    await neighbours.askCancel(id);
    expect(await ended(await neighbours.accept(flow))).toMatchObject({ status: 'succeeded' });
    expect(await types(id)).toEqual(before);
  });
});
