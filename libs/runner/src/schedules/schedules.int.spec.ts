import { newId, type RunStarted, type ScheduleState, timeOfId } from '@sluice/contracts';
import { DEFAULT_APP_ID } from '@sluice/access';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { runIdOf } from './tick.rules.ts';

let database: TestDatabase;
let running: RunningServices[];
let neighbours: Neighbours;

beforeAll(async () => {
  database = await createTestDatabase();
  const services = [runnerService, ...NEIGHBOURS];
  running = [];
  for (const instanceId of ['runner-1', 'runner-2']) {
    running.push(
      await startServices({ services, settings: testSettings(database.url, { instanceId }), logger: SILENT }),
    );
  }
  neighbours = neighboursIn((running[0] as RunningServices).app.nest);
});
afterAll(async () => {
  for (const each of running ?? []) await each.close();
  await database?.drop();
});

const STEPS = [{ ref: 'told', type: 'set', values: '{{ trigger }}' }];
/** Far enough that no test meets it by chance. */
const YEARLY = '0 0 1 1 *';

async function schedule(flowId: string, props: unknown = null): Promise<ScheduleState> {
  const state = {
    id: newId(),
    appId: DEFAULT_APP_ID,
    flowId,
    listener: 'tick',
    cron: YEARLY,
    timeZone: 'Europe/Berlin',
    props,
    userId: null,
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  await neighbours.append(state.id, 'ScheduleCreated', { schedule: state });
  return state;
}

const dueOf = async (id: string): Promise<Date | null> =>
  (await database.pool.query<{ due_at: Date }>('select due_at from runner.due where id = $1', [id])).rows[0]?.due_at ??
  null;

/** As if the time had come then. */
async function comeDue(id: string, at: Date): Promise<void> {
  const { rowCount } = await database.pool.query('update runner.due set due_at = $2 where id = $1', [id, at]);
  expect(rowCount).toBe(1);
}

const runsOf = async (flowId: string): Promise<string[]> =>
  (await database.pool.query<{ id: string }>('select id from runner.runs where flow_id = $1', [flowId])).rows.map(
    ({ id }) => id,
  );

/** Once the tick has been handled, by whichever runner. */
async function handled(id: string): Promise<void> {
  await waitFor(async () => ((await dueOf(id)) ?? new Date(0)).getTime() > Date.now());
}

test('FL-08: a listener’s schedule starts one run at its time, with its props and an empty event, in line with its app', async () => {
  const flow = await neighbours.flow({ steps: STEPS }, { listener: 'tick' });
  const { id } = await schedule(flow.id, { daily: true });
  expect((await dueOf(id))?.toISOString()).toMatch(/^\d{4}-12-31T23:00:00/);
  const at = new Date(Date.now() - 1_000);
  await comeDue(id, at);
  await handled(id);
  const runs = await waitFor(async () => {
    const found = await runsOf(flow.id);
    return found.length > 0 ? found : null;
  });
  expect(runs).toEqual([runIdOf(id, at.getTime(), Date.now())]);
  const [started, , finished] = await neighbours.run(runs[0] as string);
  expect(started?.data).toMatchObject({ input: {}, orderingKey: `${DEFAULT_APP_ID}/live/app`, triggerId: null });
  expect(started?.meta.actor).toEqual({ type: 'schedule', id });
  expect(finished?.data).toMatchObject({
    result: { props: { daily: true }, event: {}, method: 'SCHEDULE', receivedAt: at.toISOString() },
  });
});

test('FL-08: ticks that were missed while nobody was there are run once, and the next one is ahead', async () => {
  const flow = await neighbours.flow({ steps: STEPS });
  const { id } = await schedule(flow.id);
  await comeDue(id, new Date('2020-01-01T00:00:00Z'));
  await handled(id);
  const runs = await waitFor(async () => ((await runsOf(flow.id)).length > 0 ? runsOf(flow.id) : null));
  expect(runs).toHaveLength(1);
  expect(timeOfId(runs[0] as string)).toBeGreaterThan(Date.now() - 3 * 86_400_000);
  const started = (await neighbours.run(runs[0] as string))[0]?.data as RunStarted;
  expect(started.queuedAt).toBe('2020-01-01T00:00:00.000Z');
});

test('FL-08: two runners start each of many ticks once', async () => {
  const flow = await neighbours.flow({ steps: STEPS });
  const ids: string[] = [];
  for (let n = 0; n < 12; n++) ids.push((await schedule(flow.id)).id);
  const at = new Date(Date.now() - 2_000);
  await database.pool.query('update runner.due set due_at = $2 where id = any($1)', [ids, at]);
  await Promise.all(ids.map(handled));
  await waitFor(async () => (await runsOf(flow.id)).length >= 12);
  expect(await runsOf(flow.id)).toHaveLength(12);
});

test('FL-08: what is paused or deleted is not run; a deleted schedule leaves nothing behind', async () => {
  const paused = await neighbours.flow({ steps: STEPS }, { status: 'paused' });
  const kept = await schedule(paused.id);
  await comeDue(kept.id, new Date(Date.now() - 1_000));
  await handled(kept.id);
  expect(await runsOf(paused.id)).toEqual([]);
  await neighbours.append(kept.id, 'ScheduleDeleted', { schedule: kept });
  expect(await dueOf(kept.id)).toBeNull();
  const { rows } = await database.pool.query('select id from runner.schedules where id = $1', [kept.id]);
  expect(rows).toEqual([]);
});

test('FL-08: a flow’s schedules follow its published version, and keep their time when they stay the same', async () => {
  const same = { cron: YEARLY, timeZone: 'Asia/Tokyo', input: { company_id: 7 } };
  const definition = { steps: STEPS, schedules: [same, { cron: '@daily' }] };
  const draft = await neighbours.flow(definition, { status: 'draft', publishedVersion: null });
  const idsOf = async (flowId: string): Promise<string[]> =>
    (
      await database.pool.query<{ id: string }>('select id from runner.schedules where flow_id = $1 order by cron', [
        flowId,
      ])
    ).rows.map(({ id }) => id);
  expect(await idsOf(draft.id)).toEqual([]);
  const flow = { ...draft, status: 'active' as const, publishedVersion: 1 };
  await neighbours.append(draft.id, 'FlowPublished', { flow });
  const [yearly, daily] = await idsOf(draft.id);
  await comeDue(yearly as string, new Date(Date.now() - 1_000));
  await handled(yearly as string);
  const runs = await waitFor(async () => ((await runsOf(draft.id)).length > 0 ? runsOf(draft.id) : null));
  expect((await neighbours.run(runs[0] as string))[0]?.data).toMatchObject({ input: { company_id: 7 } });
  const due = await dueOf(yearly as string);
  const saved = { ...flow, version: 2 };
  await neighbours.append(draft.id, 'FlowUpdated', { flow: saved, definition: { ...definition, schedules: [same] } });
  expect(await idsOf(draft.id)).toEqual([yearly, daily]);
  await neighbours.append(draft.id, 'FlowPublished', { flow: { ...saved, publishedVersion: 2 } });
  expect(await idsOf(draft.id)).toEqual([yearly]);
  expect([await dueOf(yearly as string), await dueOf(daily as string)]).toEqual([due, null]);
  await neighbours.append(draft.id, 'FlowDeleted', { flow: { ...saved, publishedVersion: 2 } });
  expect([await idsOf(draft.id), await dueOf(yearly as string)]).toEqual([[], null]);
});
