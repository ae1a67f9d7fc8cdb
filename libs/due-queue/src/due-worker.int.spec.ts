import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitAlone, itemOf, makeDueTable, queueOf } from './due-queue.fixture.ts';
import type { DueWorker } from './due-worker.ts';

let database: TestDatabase;
const workers: DueWorker[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  await makeDueTable(database.pool);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop(1000)));
  await database.drop();
});

describe('DueWorker', () => {
  it('works on a row when its time has come and not before, without waiting for a sweep', async () => {
    const queue = queueOf(database.pool, 'a', { sweepMs: 60_000 });
    const doneAtMs: number[] = [];
    workers.push(
      queue.start(async (claim) => {
        doneAtMs.push(Date.now());
        await commitAlone(database.pool, queue.complete([claim]));
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const dueMs = Date.now() + 400;
    await commitAlone(
      database.pool,
      queue.schedule([itemOf(1, 'late', new Date(dueMs + 400)), itemOf(2, 'k', new Date(dueMs))]),
    );
    await waitFor(() => doneAtMs.length === 2);
    expect(doneAtMs[0]).toBeGreaterThanOrEqual(dueMs);
    expect(doneAtMs[1]).toBeGreaterThanOrEqual(dueMs + 400);
    expect((doneAtMs[1] as number) - dueMs).toBeLessThan(5000);
    queue.close();
  });

  it('is woken by something that is due earlier than what it sleeps for', async () => {
    const queue = queueOf(database.pool, 'a', { sweepMs: 60_000 });
    const done: unknown[] = [];
    workers.push(
      queue.start(async (claim) => {
        done.push(claim.payload);
        await commitAlone(database.pool, queue.complete([claim]));
      }),
    );
    await commitAlone(database.pool, queue.schedule([itemOf(1, 'k', new Date(Date.now() + 50_000))]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await commitAlone(database.pool, queue.schedule([itemOf(2, 'k')]));
    await waitFor(() => done.length === 1);
    expect(done).toEqual([{ number: 2 }]);
    queue.close();
  });

  it('finds a row whose transaction committed some time after it was announced', async () => {
    const queue = queueOf(database.pool, 'a', { sweepMs: 60_000 });
    const done: unknown[] = [];
    workers.push(
      queue.start(async (claim) => {
        done.push(claim.payload);
        await commitAlone(database.pool, queue.complete([claim]));
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const alongside = queue.schedule([itemOf(1, 'k')]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(done).toEqual([]);
    await commitAlone(database.pool, alongside);
    await waitFor(() => done.length === 1);
    queue.close();
  });

  it('gives a row to the handler again when it threw, once the lease has ended', async () => {
    const errors: unknown[] = [];
    const queue = queueOf(database.pool, 'a', { leaseMs: 1_000, onError: (error) => errors.push(error) });
    const attempts: number[] = [];
    workers.push(
      queue.start(async (claim) => {
        attempts.push(claim.attempts);
        if (claim.attempts < 3) throw new Error('not yet');
        await commitAlone(database.pool, queue.complete([claim]));
      }),
    );
    await commitAlone(database.pool, queue.schedule([itemOf(1, 'k')]));
    await waitFor(() => attempts.length === 3);
    expect(attempts).toEqual([1, 2, 3]);
    expect(errors).toHaveLength(2);
    queue.close();
  });

  it('never runs more handlers than allowed, in all and per key', async () => {
    const queue = queueOf(database.pool, 'a');
    const running = new Map<string, number>();
    let most = 0;
    let mostOfKey = 0;
    let done = 0;
    const handler = async (claim: { key: string } & Parameters<typeof queue.complete>[0][number]): Promise<void> => {
      running.set(claim.key, (running.get(claim.key) ?? 0) + 1);
      most = Math.max(
        most,
        [...running.values()].reduce((sum, one) => sum + one, 0),
      );
      mostOfKey = Math.max(mostOfKey, running.get(claim.key) as number);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await commitAlone(database.pool, queue.complete([claim]));
      running.set(claim.key, (running.get(claim.key) as number) - 1);
      done++;
    };
    const items = Array.from({ length: 60 }, (_, index) => itemOf(index, `key-${index % 5}`));
    await commitAlone(database.pool, queue.schedule(items));
    workers.push(queue.start(handler, { concurrency: 6, perKey: 2 }));
    await waitFor(() => done === 60);
    expect(most).toBeLessThanOrEqual(6);
    expect(mostOfKey).toBeLessThanOrEqual(2);
    queue.close();
  });

  it('goes on by itself after the database refused it', async () => {
    const errors: string[] = [];
    const queue = queueOf(database.pool, 'a', { onError: (_, doing) => errors.push(doing) });
    let done = 0;
    await database.pool.query('alter table work.due rename to away');
    workers.push(
      queue.start(async (claim) => {
        await commitAlone(database.pool, queue.complete([claim]));
        done++;
      }),
    );
    await waitFor(() => errors.length > 0);
    await database.pool.query('alter table work.away rename to due');
    await commitAlone(database.pool, queue.schedule([itemOf(1, 'k')]));
    await waitFor(() => done === 1);
    expect(errors).toContain('claim what is due');
    queue.close();
  });

  it('works off ten thousand rows of a hundred keys', async () => {
    const queue = queueOf(database.pool, 'a');
    const items = Array.from({ length: 10_000 }, (_, index) => itemOf(index, `key-${index % 100}`));
    await commitAlone(database.pool, queue.schedule(items));
    let done = 0;
    for (let claims = await queue.claim(500); claims.length > 0; claims = await queue.claim(500)) {
      await commitAlone(database.pool, queue.complete(claims));
      for (const claim of claims) queue.settle(claim);
      done += claims.length;
    }
    expect(done).toBe(10_000);
    queue.close();
  });

  it('does not walk over rows that are done while an old transaction keeps them alive', async () => {
    const queue = queueOf(database.pool, 'a', { sweepMs: 60_000 });
    const items = Array.from({ length: 6000 }, (_, index) => itemOf(index, 'k', new Date(Date.now() - 60_000)));
    await commitAlone(database.pool, queue.schedule(items));
    const reader = await database.pool.connect();
    try {
      await reader.query('begin isolation level repeatable read');
      await reader.query('select count(*) from work.due');
      const buffers: number[] = [];
      for (let claims = await queue.claim(300); claims.length > 0; claims = await queue.claim(300)) {
        await commitAlone(database.pool, queue.complete(claims));
        for (const claim of claims) queue.settle(claim);
        buffers.push(await buffersOfNextClaim(queue.directory.watermark('k')));
      }
      expect(buffers.length).toBe(20);
      expect(Math.max(...buffers)).toBeLessThan(100);
    } finally {
      await reader.query('rollback');
      reader.release();
    }
    queue.close();
  });
});

/** Pages that finding the next row touches: it grows with the rows already done when the watermark is not used. */
async function buffersOfNextClaim(mark: { since: Date; sinceNumber: bigint }): Promise<number> {
  const { rows } = await database.pool.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
    `explain (analyze, buffers, format json) select id from work.due d where d.key = 'k' and (d.due_at, d.number) > ($1, $2)
     and d.due_at <= now() and (d.lease_until is null or d.lease_until < clock_timestamp()) order by d.due_at, d.number limit 1`,
    [mark.since, mark.sinceNumber],
  );
  const plan = rows[0]?.['QUERY PLAN'][0].Plan ?? {};
  return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
}
