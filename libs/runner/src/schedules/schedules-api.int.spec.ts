import { derivedId, newId, type ScheduleState } from '@sluice/contracts';
import { DEFAULT_APP_ID } from '@sluice/access';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import type { SchedulePage, ScheduleResource } from './schedule-resource.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let admin: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const services = [runnerService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  admin = await neighbours.admin();
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function ask<T>(path: string): Promise<{ status: number; body: T & { code?: string } }> {
  const response = await fetch(`${running.url}/v1/schedules${path}`, { headers: { authorization: `Bearer ${admin}` } });
  return { status: response.status, body: (await response.json()) as T & { code?: string } };
}

/** The next but one: no test meets its days. */
const MONTH = ((new Date().getUTCMonth() + 2) % 12) + 1;
const onDay = (day: number): string => `0 0 ${day} ${MONTH} *`;
const STEPS = [{ ref: 'told', type: 'set', values: '{{ trigger }}' }];

async function cron(flowId: string, appId = DEFAULT_APP_ID): Promise<ScheduleState> {
  const state = {
    id: newId(),
    appId,
    flowId,
    listener: 'tick',
    cron: onDay(11),
    timeZone: 'UTC',
    props: null,
    userId: null,
    createdAt: new Date(0).toISOString(),
  };
  await neighbours.append(state.id, 'ScheduleCreated', { schedule: state });
  return state;
}

test('FL-08: the times of a flow and of a listener are told, soonest first, with what each starts', async () => {
  const schedules = [
    { cron: onDay(12), timeZone: 'UTC', input: { n: 7 } },
    { cron: onDay(10), timeZone: 'UTC' },
  ];
  const flow = await neighbours.flow({ steps: STEPS, schedules });
  const listener = await cron(flow.id);
  const { body } = await ask<SchedulePage>(`?flowId=${flow.id}`);
  const [first, second, third] = body.items;
  expect(body.items.map(({ kind, nextAt }) => [kind, nextAt?.slice(8)])).toEqual([
    ['flow', '10T00:00:00.000Z'],
    ['listener', '11T00:00:00.000Z'],
    ['flow', '12T00:00:00.000Z'],
  ]);
  expect(first).toMatchObject({ flowId: flow.id, flowStatus: 'active', cron: onDay(10), timeZone: 'UTC' });
  expect(second?.id).toBe(listener.id);
  const one = await ask<ScheduleResource>(`/${third?.id}`);
  expect(one.body).toMatchObject({ ...third, input: { n: 7 } });
  const [year, rest] = [Number(third?.nextAt?.slice(0, 4)), third?.nextAt?.slice(4)];
  expect(one.body.upcoming).toEqual([0, 1, 2, 3, 4].map((more) => `${year + more}${rest}`));
});

test('FL-08: pages of schedules go on where the one before ended, also among equal times and past those that never come', async () => {
  const flow = await neighbours.flow({ steps: STEPS });
  const ids = await Promise.all(Array.from({ length: 5 }, () => cron(flow.id).then(({ id }) => id)));
  await database.pool.query('delete from runner.due where id = any($1)', [ids.slice(0, 2)]);
  const found: string[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null && page < 9; page++) {
    const { body }: { body: SchedulePage } = await ask<SchedulePage>(
      `?flowId=${flow.id}&limit=1${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    found.push(...body.items.map(({ id }) => id));
    cursor = body.nextCursor;
  }
  expect(found.slice(0, 3)).toEqual(ids.slice(2).toSorted());
  expect(found.slice(3)).toEqual(ids.slice(0, 2).toSorted());
});

test('FL-08: a paused flow says that its times pass without a run, a draft and a deleted one have none', async () => {
  const schedules = [{ cron: '@yearly' }];
  const paused = await neighbours.flow({ steps: STEPS, schedules }, { status: 'paused' });
  const draft = await neighbours.flow({ steps: STEPS, schedules }, { status: 'draft', publishedVersion: null });
  const statusesOf = async (id: string) =>
    (await ask<SchedulePage>(`?flowId=${id}`)).body.items.map(({ flowStatus }) => flowStatus);
  expect([await statusesOf(paused.id), await statusesOf(draft.id)]).toEqual([['paused'], []]);
  await neighbours.append(paused.id, 'FlowDeleted', { flow: paused });
  expect(await statusesOf(paused.id)).toEqual([]);
});

test('FL-08: schedules of another app are not there, and what is no schedule, flow or cursor is refused', async () => {
  const app = newId();
  const flow = await neighbours.flow({ steps: STEPS }, { appId: app });
  const other = await cron(flow.id, app);
  expect((await ask<SchedulePage>(`?flowId=${flow.id}`)).body).toEqual({ items: [], nextCursor: null });
  const unknown = derivedId('schedule', other.id, 'x');
  for (const id of [unknown, 'nonsense']) {
    expect(await ask(`/${id}`)).toMatchObject({ status: 404, body: { code: 'schedule_not_found' } });
  }
  for (const query of ['flowId=x', 'cursor=x', 'cursor=never~x', 'limit=0', 'flow=x']) {
    expect(await ask(`?${query}`)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  }
});
