import { newId } from '@sluice/contracts';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { REJECTION_BOUNDS, RejectionsSweep } from './rejections-sweep.worker.ts';

const DAY_MS = 86_400_000;
let database: TestDatabase;
let sweep: RejectionsSweep;

beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  sweep = new RejectionsSweep(database.pool);
});
beforeEach(() => database.pool.query('truncate delivery_log.rejected_requests'));
afterAll(() => database?.drop());

async function record(ids: readonly string[]): Promise<void> {
  await database.pool.query(
    `insert into delivery_log.rejected_requests (id, app_id, trigger_id, received_at, data)
     select id, $2, $2, now(), '{}' from unnest($1::uuid[]) as r(id)`,
    [ids, newId()],
  );
}
const left = async (): Promise<string[]> => {
  const { rows } = await database.pool.query<{ id: string }>(
    'select id from delivery_log.rejected_requests order by id',
  );
  return rows.map(({ id }) => id);
};

describe('GW-08: records of rejected requests', () => {
  it('are kept for their age and no longer', async () => {
    const now = Date.now();
    const [old, edge, fresh] = [31, 29, 0].map((days) => newId(now - days * DAY_MS)) as [string, string, string];
    await record([old, edge, fresh]);
    expect(await sweep.sweep()).toBe(1);
    expect(await left()).toEqual([edge, fresh]);
    expect([await sweep.sweep(), REJECTION_BOUNDS.maxAgeMs / DAY_MS]).toEqual([0, 30]);
  });

  it('are kept up to their number, the newest of them, also when more than one statement is needed', async () => {
    const start = Date.now() - 60_000;
    const ids = Array.from({ length: 12_000 }, (_, n) => newId(start + n));
    await record(ids);
    expect(await sweep.sweep({ maxAgeMs: DAY_MS, maxRows: 500 })).toBe(11_500);
    expect(await left()).toEqual(ids.slice(-500));
  });

  it('stay when they cannot be deleted now, and nothing fails', async () => {
    sweep.onApplicationBootstrap();
    await database.pool.query('alter table delivery_log.rejected_requests rename to away');
    await expect(sweep.sweep()).rejects.toThrow();
    await database.pool.query('alter table delivery_log.away rename to rejected_requests');
    await sweep.onApplicationShutdown();
  });
});
