import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TAILED_COLUMNS_SQL, type TailChange, tailedIndexSql, TableTail, type TableTailOptions } from './table-tail.ts';

let database: TestDatabase;
const tails: TableTail<string>[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(`create table public.things (id text primary key, name text, ${TAILED_COLUMNS_SQL})`);
  await database.pool.query(tailedIndexSql('public.things'));
});
beforeEach(() => database.pool.query('truncate public.things'));
afterEach(async () => {
  for (const tail of tails.splice(0)) await tail.stop();
});
afterAll(() => database?.drop());

async function tailed(change: Partial<TableTailOptions<string>> = {}): Promise<TableTail<string>> {
  const tail = new TableTail<string>({
    pool: database.pool,
    table: 'public.things',
    key: 'id',
    columns: ['name'],
    map: (row) => row.name as string,
    pollMs: 60_000,
    ...change,
  });
  tails.push(tail);
  await tail.start();
  return tail;
}

const put = (id: string, name: string, client: pg.ClientBase | pg.Pool = database.pool): Promise<unknown> =>
  client.query(
    `insert into public.things (id, name) values ($1, $2)
     on conflict (id) do update set name = excluded.name, deleted = false, changed_xid = pg_current_xact_id()`,
    [id, name],
  );
const remove = (id: string): Promise<unknown> =>
  database.pool.query('update public.things set deleted = true, changed_xid = pg_current_xact_id() where id = $1', [
    id,
  ]);

describe('a tailed table', () => {
  it('is loaded at the start, and follows inserts, updates and tombstones', async () => {
    await put('a', 'one');
    await put('gone', 'x');
    await remove('gone');
    const tail = await tailed();
    expect([...tail.values()]).toEqual(['one']);
    await put('a', 'two');
    await put('b', 'three');
    await tail.poke();
    expect([tail.get('a'), tail.get('b'), tail.size]).toEqual(['two', 'three', 2]);
    await remove('a');
    await tail.poke();
    expect([tail.get('a'), tail.size]).toEqual([undefined, 1]);
  });

  it('polls by itself', async () => {
    const tail = await tailed({ pollMs: 20 });
    await put('a', 'one');
    expect(await waitFor(() => tail.get('a'))).toBe('one');
    await remove('a');
    expect(await waitFor(() => tail.size === 0)).toBe(true);
  });

  it('does not skip a change that commits after later ones were seen', async () => {
    const tail = await tailed();
    const slow = new pg.Client({ connectionString: database.url });
    await slow.connect();
    try {
      await slow.query('begin');
      await put('slow', 'began first', slow);
      await put('fast', 'committed first');
      await tail.poke();
      expect([tail.get('fast'), tail.get('slow')]).toEqual(['committed first', undefined]);
      await put('faster', 'later still');
      await tail.poke();
      await slow.query('commit');
      await tail.poke();
      expect(tail.get('slow')).toBe('began first');
    } finally {
      await slow.end();
    }
  });

  it('tells a change once, however often it reads it while an old transaction holds the horizon back', async () => {
    const seen: string[] = [];
    const onChange = (changes: readonly TailChange<string>[]): void => {
      seen.push(...changes.map((change) => `${change.key}:${change.previous}>${change.value}`));
    };
    const tail = await tailed({ onChange });
    const old = new pg.Client({ connectionString: database.url });
    await old.connect();
    try {
      await old.query('begin');
      await old.query('select pg_current_xact_id()');
      await put('a', 'one');
      for (let round = 0; round < 3; round++) await tail.poke();
      await put('a', 'two');
      for (let round = 0; round < 3; round++) await tail.poke();
      await remove('a');
      for (let round = 0; round < 3; round++) await tail.poke();
    } finally {
      await old.end();
    }
    expect(seen).toEqual(['a:null>one', 'a:one>two', 'a:two>null']);
  });

  it('shares one poll among all who poke while one is running, and gives each a poll begun after its call', async () => {
    let polls = 0;
    const tail = await tailed({ onPolled: () => polls++ });
    const before = polls;
    const first = tail.poke();
    await put('a', 'one');
    const others = Array.from({ length: 50 }, () => tail.poke());
    await Promise.all([first, ...others]);
    expect(tail.get('a')).toBe('one');
    expect(polls - before).toBeLessThanOrEqual(3);
  });

  it('gives rows of a restored dump new transaction ids, so that they are not read for ever', async () => {
    await database.pool.query(
      `insert into public.things (id, name, changed_xid) values ('restored', 'x', '900000000000')`,
    );
    const tail = await tailed();
    expect(tail.get('restored')).toBe('x');
    const { rows } = await database.pool.query<{ future: boolean }>(
      'select changed_xid >= pg_snapshot_xmax(pg_current_snapshot()) as future from public.things',
    );
    expect(rows).toEqual([{ future: false }]);
  });

  it('loads a large table page by page, and misses nothing that changes meanwhile, before the page or behind it', async () => {
    await database.pool.query(
      `insert into public.things (id, name) select 'row' || lpad(i::text, 5, '0'), 'old' from generate_series(1, 5000) i`,
    );
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let pages = 0;
    Object.assign(pool, {
      query: async (...args: unknown[]) => {
        const answer = await query(...args);
        // Between the first page and the second: behind the place of reading, before it, and one that goes.
        if (typeof args[0] === 'string' && args[0].includes('limit') && ++pages === 1) {
          await put('row00001', 'new');
          await put('row04000', 'new');
          await put('row00000', 'late');
          await remove('row00002');
          await remove('row04001');
        }
        return answer;
      },
    });
    const tail = await tailed({ pool });
    expect(pages).toBe(11);
    await tail.poke();
    expect(['row00000', 'row00001', 'row00002', 'row00003', 'row04000', 'row04001'].map((id) => tail.get(id))).toEqual([
      'late',
      'new',
      undefined,
      'old',
      'new',
      undefined,
    ]);
    expect(tail.size).toBe(4999);
    await tail.stop();
    await pool.end();
  });

  it('loads anew after it was away for so long that tombstones may be gone', async () => {
    await put('a', 'one');
    await put('b', 'two');
    const changes: TailChange<string>[][] = [];
    const tail = await tailed({ reloadAfterMs: 0, onChange: (some) => changes.push([...some]) });
    await database.pool.query(`delete from public.things where id = 'a'`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await tail.poke();
    expect([...tail.values()]).toEqual(['two']);
    expect(changes.at(-1)).toContainEqual({ key: 'a', value: null, previous: 'one' });
  });

  it('reads the marker in the snapshot of the rows', async () => {
    await database.pool.query('create table if not exists public.marks (mark int)');
    await database.pool.query('truncate public.marks');
    await database.pool.query('insert into public.marks values (0)');
    const torn: string[] = [];
    const tail = await tailed({
      marker: 'select mark from public.marks',
      onPolled: (mark) => {
        if (mark !== null && mark !== '0' && tail.get(`row${mark}`) === undefined) torn.push(mark);
      },
    });
    for (let round = 1; round <= 20; round++) {
      const client = await database.pool.connect();
      await client.query('begin');
      await put(`row${round}`, 'x', client);
      await client.query('update public.marks set mark = $1', [round]);
      const committed = client.query('commit').finally(() => client.release());
      await Promise.all([committed, tail.poke()]);
    }
    await tail.poke();
    expect([torn, tail.marker]).toEqual([[], '20']);
  });

  it('keeps what it has while the database is away, says how stale it is, and goes on by itself', async () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    pool.on('error', () => undefined);
    const errors: unknown[] = [];
    const tail = await tailed({ pool, pollMs: 10, onError: (error) => errors.push(error) });
    await put('a', 'one');
    await waitFor(() => tail.get('a') === 'one');
    const held = await pool.connect();
    const query = pool.query.bind(pool);
    const broken = Object.assign(pool, { query: () => Promise.reject(new Error('away')) });
    await waitFor(() => errors.length > 2);
    expect(tail.get('a')).toBe('one');
    await waitFor(() => tail.staleSinceMs > 20);
    await expect(tail.poke()).rejects.toThrow('away');
    Object.assign(broken, { query });
    held.release();
    await put('a', 'two');
    await waitFor(() => tail.get('a') === 'two');
    await tail.stop();
    await pool.end();
  });
});
