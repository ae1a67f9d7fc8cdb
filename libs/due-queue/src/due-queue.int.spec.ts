import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Claim } from './claim.ts';
import { commitAlone, itemOf, makeDueTable, queueOf } from './due-queue.fixture.ts';
import type { DueQueue } from './due-queue.ts';

let database: TestDatabase;
const queues: DueQueue[] = [];

function queue(owner: string, options: Parameters<typeof queueOf>[2] = {}): DueQueue {
  const made = queueOf(database.pool, owner, options);
  queues.push(made);
  return made;
}

async function rowCount(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>('select count(*)::int as count from work.due');
  return rows[0]?.count ?? -1;
}

async function claimEventually(from: DueQueue, limit = 10): Promise<Claim[]> {
  let claims: Claim[] = [];
  await waitFor(async () => {
    claims = await from.claim(limit);
    return claims.length > 0;
  });
  return claims;
}

beforeEach(async () => {
  database = await createTestDatabase();
  await makeDueTable(database.pool);
});
afterEach(async () => {
  for (const made of queues.splice(0)) made.close();
  await database.drop();
});

describe('claiming', () => {
  it('gives what is due in order of its due time, and nothing before', async () => {
    const a = queue('a');
    const nowMs = Date.now();
    await commitAlone(
      database.pool,
      a.schedule([
        itemOf(1, 'k', new Date(nowMs - 10)),
        itemOf(2, 'k', new Date(nowMs - 30)),
        itemOf(3, 'k', new Date(nowMs + 60_000)),
      ]),
    );
    const claims = await a.claim(10);
    expect(claims.map((claim) => claim.payload)).toEqual([{ number: 2 }, { number: 1 }]);
    expect(claims[0]).toMatchObject({ key: 'k', token: 1n, attempts: 1 });
    expect(await a.claim(10)).toEqual([]);
  });

  it('serves a key with one row beside a key with a backlog', async () => {
    const a = queue('a');
    const nowMs = Date.now();
    const backlog = Array.from({ length: 500 }, (_, index) => itemOf(index, 'busy', new Date(nowMs - 5000 + index)));
    await commitAlone(database.pool, a.schedule([...backlog, itemOf(900, 'quiet', new Date(nowMs - 1))]));
    const claims = await a.claim(20);
    expect(claims.filter((claim) => claim.key === 'quiet')).toHaveLength(1);
    expect(claims.filter((claim) => claim.key === 'busy')).toHaveLength(10);
  });

  it('holds at most the limit per key, claims adopted elsewhere in the process included', async () => {
    const a = queue('a');
    const mine = [{ ...itemOf(1, 'k'), leased: true }];
    const rest = Array.from({ length: 9 }, (_, index) => itemOf(index + 10, 'k'));
    await commitAlone(database.pool, a.schedule([...mine, ...rest]));
    const [adopted] = a.adopt(mine);
    const claims = await a.claim(10, 3);
    expect(claims).toHaveLength(2);
    expect(await a.claim(10, 3)).toEqual([]);
    await commitAlone(database.pool, a.complete([adopted as Claim]));
    a.settle(adopted as Claim);
    expect(await a.claim(10, 3)).toHaveLength(1);
  });

  it('never gives one row to two owners, however they race', async () => {
    const [a, b] = [queue('a'), queue('b')];
    const items = Array.from({ length: 1000 }, (_, index) => itemOf(index, `key-${index % 7}`));
    await commitAlone(database.pool, a.schedule(items));
    await b.sweepIfDue();
    const claimed: string[] = [];
    const drain = async (from: DueQueue): Promise<void> => {
      for (let claims = await from.claim(40); claims.length > 0; claims = await from.claim(40)) {
        claimed.push(...claims.map((claim) => claim.id));
      }
    };
    await Promise.all([drain(a), drain(b)]);
    expect(claimed.length).toBe(1000);
    expect(new Set(claimed).size).toBe(1000);
  });

  it('finds by itself what another process scheduled', async () => {
    const [a, b] = [queue('a'), queue('b')];
    expect(await b.claim(10)).toEqual([]);
    await commitAlone(database.pool, a.schedule([itemOf(1, 'k')]));
    expect(await claimEventually(b)).toHaveLength(1);
  });

  it('gives released rows back untouched', async () => {
    const a = queue('a');
    await commitAlone(database.pool, a.schedule([itemOf(1, 'k')]));
    await a.release(await a.claim(1));
    expect((await a.claim(1))[0]).toMatchObject({ attempts: 1, token: 2n });
  });
});

describe('leases', () => {
  it('deletes finished rows and fails a second completion of the same row', async () => {
    const a = queue('a');
    await commitAlone(database.pool, a.schedule([itemOf(1, 'k')]));
    const claims = await a.claim(1);
    await commitAlone(database.pool, a.complete(claims));
    expect(await rowCount()).toBe(0);
    await expect(commitAlone(database.pool, a.complete(claims))).rejects.toMatchObject({
      code: '23514',
      constraint: 'due_lease_lost',
    });
  });

  it('hands a dead owner’s rows to another when the lease ends, and the dead one’s late commits fail', async () => {
    const [dead, heir] = [queue('dead', { leaseMs: 2_000 }), queue('heir', { leaseMs: 2_000 })];
    await commitAlone(database.pool, dead.schedule([itemOf(1, 'k'), itemOf(2, 'k')]));
    const lost = await dead.claim(10);
    dead.close();
    expect(await heir.claim(10)).toEqual([]);
    const taken = await claimEventually(heir);
    expect(taken).toHaveLength(2);
    expect(taken[0]).toMatchObject({ attempts: 2, token: 2n });
    await expect(commitAlone(database.pool, dead.complete(lost))).rejects.toMatchObject({ code: '23514' });
    await expect(
      commitAlone(database.pool, dead.reschedule(lost.map((claim) => ({ claim, dueAt: new Date() })))),
    ).rejects.toMatchObject({ code: '23514' });
    await commitAlone(database.pool, heir.complete(taken));
    await expect(commitAlone(database.pool, dead.complete(lost))).rejects.toMatchObject({ code: '23514' });
    expect(await rowCount()).toBe(0);
  });

  it('takes over rows that were inserted leased by an owner that died at once', async () => {
    const [dead, heir] = [queue('dead', { leaseMs: 2_000 }), queue('heir', { leaseMs: 2_000 })];
    await commitAlone(database.pool, dead.schedule([{ ...itemOf(1, 'k'), leased: true }]));
    expect(await heir.claim(1)).toEqual([]);
    expect((await claimEventually(heir))[0]).toMatchObject({ attempts: 2 });
  });

  it('fails the loser although it raced the takeover in the same moment', async () => {
    const [a, b] = [queue('a', { leaseMs: 100 }), queue('b', { leaseMs: 10_000 })];
    await commitAlone(database.pool, a.schedule([itemOf(1, 'k')]));
    const [claim] = await a.claim(1);
    a.close();
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await client.query("update work.due set token = token + 1, lease_owner = 'b'");
      const late = commitAlone(database.pool, a.complete([claim as Claim])).catch((error: unknown) => error);
      await client.query('select pg_sleep(0.1)');
      await client.query('commit');
      expect(await late).toMatchObject({ code: '23514' });
    } finally {
      client.release();
    }
    expect(await rowCount()).toBe(1);
    expect(await claimEventually(b)).toHaveLength(1);
  });

  it('extends the lease of long work, and says so when it was lost after all', async () => {
    const [a, thief] = [queue('a', { leaseMs: 3_000 }), queue('thief', { leaseMs: 3_000 })];
    await commitAlone(database.pool, a.schedule([itemOf(1, 'k')]));
    const [claim] = await a.claim(1);
    const until = async () => (await database.pool.query('select lease_until as at from work.due')).rows[0].at as Date;
    const first = await until();
    await waitFor(async () => (await until()) > first);
    expect(await thief.claim(1)).toEqual([]);
    expect(claim?.signal.aborted).toBe(false);
    await database.pool.query('update work.due set token = token + 1');
    await waitFor(() => claim?.signal.aborted === true);
    expect(a.leases.size).toBe(0);
  });

  it('counts a lease as lost when the database could not be asked in time', async () => {
    const errors: string[] = [];
    const broken = await createTestDatabase();
    await makeDueTable(broken.pool);
    const a = queueOf(broken.pool, 'a', { leaseMs: 200, onError: (_, doing) => errors.push(doing) });
    await commitAlone(broken.pool, a.schedule([itemOf(1, 'k')]));
    const [claim] = await a.claim(1);
    await broken.drop();
    await waitFor(() => claim?.lost === true);
    expect(await waitFor(() => errors.includes('extend leases'))).toBe(true);
    a.close();
  });

  it('changes no index when it claims or extends: every such update is HOT', async () => {
    const a = queue('a');
    await commitAlone(database.pool, a.schedule(Array.from({ length: 10 }, (_, index) => itemOf(index, 'k'))));
    await a.claim(10);
    await a.leases.extendNow();
    await waitFor(async () => {
      // At every connection of the pool, whichever did it: an idle one tells its statistics only now and then.
      const tell = () => database.pool.query('select pg_stat_force_next_flush(), pg_sleep(0.05)');
      await Promise.all(Array.from({ length: 20 }, tell));
      const { rows } = await database.pool.query<{ updates: number; hot: number }>(
        "select n_tup_upd::int as updates, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'due'",
      );
      const [stats] = rows;
      if (!stats || stats.updates < 20) return false;
      // All of them: ten rows leave room on their page for every version.
      expect(stats.hot).toBe(stats.updates);
      return true;
    }, 25_000);
  }, 40_000);
});
