import { newId } from '@sluice/contracts';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { beforeEach, afterEach, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { DeliveriesQueries } from '../deliveries/deliveries.query.ts';
import { deliveryWrites } from '../deliveries/deliveries.projection.ts';
import { exampleStory, type Story } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { requestWrites } from '../requests/requests.projection.ts';
import { RequestsQueries } from '../requests/requests.query.ts';
import { runWrites } from '../runs/runs.projection.ts';
import { AppFloors } from './app-floors.ts';
import { byteWrites } from './bytes.projection.ts';
import { DayPartitions } from './day-partitions.ts';
import { EndpointRing } from './endpoint-ring.ts';
import { LogRetention } from './log-retention.worker.ts';
import { DAY_MS, dayOf } from './log-tables.ts';
import type { RetentionLimits } from './retention.rules.ts';
import { StorageQueries } from './storage.query.ts';

const TODAY = dayOf(Date.parse('2026-11-23T00:00:00Z'));
const NOW_MS = TODAY * DAY_MS + 1_000;
const LIMITS: RetentionLimits = { days: 30, totalBytes: null, appBytes: null, apps: {} };

let database: TestDatabase;
let floors: AppFloors;
let retention: LogRetention;
beforeEach(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  floors = new AppFloors(database.pool);
  const settings = { logRetention: { ...LIMITS, apps: {} } };
  retention = new LogRetention(database.pool, settings, new EndpointRing(database.pool), floors);
});
afterEach(() => database.drop());

/** A story whose ids carry a day, as if it had come then. */
async function tell(day: number, appId?: string): Promise<Story> {
  const story = exampleStory(appId, undefined, newId(day * DAY_MS + 1));
  const { gateway, runner, dispatcher } = story;
  const writes = [requestWrites(gateway), runWrites(runner), deliveryWrites(dispatcher)];
  for (const each of [...writes, byteWrites([...gateway, ...runner, ...dispatcher])]) {
    const query = oneStatement(each);
    if (query) await database.pool.query(query);
  }
  return story;
}
const requestOf = (story: Story) => new RequestsQueries(database.pool, floors).find(story.requestId);
const ringOf = async (story: Story) =>
  (await new DeliveriesQueries(database.pool, floors).ring(story.appId, story.endpointUuid)).items;
const partitionsOf = async (table: string) =>
  (await new DayPartitions(database.pool).list())
    .filter((each) => each.table.name === table)
    .map(({ name }) => name)
    .sort();

describe('LG-04: the log lives in partitions by day', () => {
  it('each row lies in the partition of the day that its id carries, what is older beside them', async () => {
    await new DayPartitions(database.pool).keep(NOW_MS);
    await new DayPartitions(database.pool).keep(NOW_MS);
    expect(await partitionsOf('requests')).toEqual([
      'requests_late',
      'requests_p20261122',
      'requests_p20261123',
      'requests_p20261124',
      'requests_p20261125',
    ]);
    const stories = [await tell(TODAY), await tell(TODAY - 40)];
    const { rows } = await database.pool.query<{ id: string; part: string }>(
      'select id, tableoid::regclass::text as part from delivery_log.deliveries',
    );
    const partOf = new Map(rows.map(({ id, part }) => [id, part]));
    expect(stories.map(({ deliveryId }) => partOf.get(deliveryId))).toEqual([
      'delivery_log.deliveries_p20261123',
      'delivery_log.deliveries_late',
    ]);
  });

  it('a day whose rows came before its partition stays where it is; the next days get theirs', async () => {
    const story = await tell(TODAY);
    await new DayPartitions(database.pool).keep(NOW_MS);
    expect(await partitionsOf('requests')).not.toContain('requests_p20261123');
    expect(await partitionsOf('requests')).toContain('requests_p20261124');
    expect(await requestOf(story)).not.toBeNull();
  });

  it('too old days are dropped whole; the last 100 deliveries of an endpoint stay with their attempts (ET-09)', async () => {
    await new DayPartitions(database.pool).make([TODAY - 31, TODAY - 30]);
    const [old, young] = [await tell(TODAY - 31), await tell(TODAY - 30)];
    await retention.apply(LIMITS, NOW_MS);
    expect([await requestOf(old), (await requestOf(young))?.id]).toEqual([null, young.requestId]);
    expect(await partitionsOf('attempts')).not.toContain('attempts_p20261023');
    expect(await partitionsOf('attempts')).toContain('attempts_p20261024');
    const [kept] = await ringOf(old);
    expect(kept).toMatchObject({ id: old.deliveryId, status: 'succeeded', attempts: [{ number: 1 }, { number: 2 }] });
    expect((await ringOf(young)).map(({ id }) => id)).toEqual([young.deliveryId]);
    const found = await new DeliveriesQueries(database.pool, floors).find(old.deliveryId);
    expect(found?.attempts).toHaveLength(2);
  });

  it('what came before there were partitions goes when all of it is too old', async () => {
    const story = await tell(TODAY - 35);
    await retention.apply({ ...LIMITS, days: 36 }, NOW_MS);
    expect(await requestOf(story)).not.toBeNull();
    await retention.apply(LIMITS, NOW_MS);
    expect((await database.pool.query('select count(*)::int as n from delivery_log.requests')).rows).toEqual([
      { n: 0 },
    ]);
    expect(await ringOf(story)).toHaveLength(1);
  });

  it('an app sees no more than its own bytes, its neighbour all of its days', async () => {
    await new DayPartitions(database.pool).make([TODAY - 3, TODAY - 2, TODAY]);
    const mine = [await tell(TODAY - 2), await tell(TODAY)];
    mine[0] = await tell(TODAY - 2, (mine[1] as Story).appId);
    const [older, newer] = mine as [Story, Story];
    const neighbour = await tell(TODAY - 2);
    await retention.apply({ ...LIMITS, apps: { [newer.appId]: { bytes: 1_000 } } }, NOW_MS);
    expect([await requestOf(older), (await requestOf(newer))?.id]).toEqual([null, newer.requestId]);
    expect((await requestOf(neighbour))?.id).toBe(neighbour.requestId);
    expect(await ringOf(older)).toHaveLength(1);
    await retention.apply(LIMITS, NOW_MS);
    expect(await requestOf(older)).toBeNull();
  });

  it('too many bytes drop the oldest days, and the use of disk is shown', async () => {
    await new DayPartitions(database.pool).make([TODAY - 5, TODAY - 4, TODAY]);
    const [oldest, today] = [await tell(TODAY - 5), await tell(TODAY)];
    const settings = { logRetention: { ...LIMITS, totalBytes: 5, apps: {} } };
    const storage = await new StorageQueries(database.pool, settings).get();
    expect(storage).toMatchObject({ limitBytes: 5, limitDays: 30 });
    expect(storage.tables.find(({ name }) => name === 'requests')).toMatchObject({ oldestDay: '2026-11-18' });
    expect(storage.apps.map(({ appId }) => appId).sort()).toEqual([oldest.appId, today.appId].sort());
    expect(storage.bytes).toBeGreaterThan(50_000);
    await retention.apply({ ...LIMITS, totalBytes: 5 }, NOW_MS);
    expect([await requestOf(oldest), (await requestOf(today))?.id]).toEqual([null, today.requestId]);
  });

  it('GW-08: records of rejected requests go by their days, the oldest first when they are too many', async () => {
    await new DayPartitions(database.pool).make([TODAY - 31, TODAY - 5, TODAY - 1, TODAY]);
    const ids = [31, 5, 1, 0].map((ago) => newId((TODAY - ago) * DAY_MS + 1));
    const record = `insert into delivery_log.rejected_requests (id, app_id, trigger_id, received_at, data)
      select id, $2, $2, now(), '{}' from unnest($1::uuid[]) as r(id)`;
    await database.pool.query(record, [ids, newId()]);
    const left = async () =>
      (await database.pool.query<{ id: string }>('select id from delivery_log.rejected_requests order by id')).rows.map(
        ({ id }) => id,
      );
    await retention.apply(LIMITS, NOW_MS);
    expect(await left()).toEqual(ids.slice(1));
    await retention.apply({ ...LIMITS, rejectionBytes: 5 }, NOW_MS);
    expect(await left()).toEqual(ids.slice(2));
    expect(await partitionsOf('requests')).toContain('requests_p20261118');
  });
});
