import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Position } from './event-store.contract.ts';
import type { EventStore } from './event-store.ts';
import { readAfterSql } from './event-reader.ts';
import { READER_SESSION, SESSION } from './store-connections.ts';
import { COUNT, createTables, event, openStore, TEMPLATE, withClient } from './store.fixture.ts';

const EVENTS = 120_000;
const BATCH = 500;
let database: TestDatabase;
let store: EventStore;

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  'Actual Rows': number;
  Plans?: Plan[];
}
interface Explained {
  nodes: string[];
  buffers: number;
  rows: number;
}

function nodesOf(plan: Plan): string[] {
  return [plan['Node Type'], ...(plan.Plans ?? []).flatMap(nodesOf)];
}

async function setSession(client: Client, session: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(session)) await client.query(`set ${name} = '${value}'`);
}

async function explain(client: Client, execute: string): Promise<Explained> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (analyze, buffers, format json) ${execute}`,
  );
  const plan = rows[0]?.['QUERY PLAN'][0].Plan as Plan;
  const buffers = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  return { nodes: nodesOf(plan), buffers, rows: plan['Actual Rows'] };
}

/** The position of the last event, once nothing in the tests' cluster holds readers back from it. */
async function readableHead(client: Client): Promise<Position> {
  const { rows } = await client.query<{ place: string }>('select max(position)::text as place from runner.events');
  return await waitFor(async () => {
    const head = await store.head('runner.events');
    return head?.position.toString() === rows[0]?.place ? head : null;
  });
}

const afterSql = (position: Position) =>
  `execute read_after(1, ${position.epoch}, '${position.transactionId}', ${position.position}, ${BATCH}, 8000000)`;

/** Rows of 300 bytes written by SQL: the reader cannot tell them from appended ones, and the test is fast. */
async function fill(client: Client, count: number): Promise<void> {
  for (let done = 0; done < count; done += 2000) {
    await client.query(
      `insert into runner.events (epoch, stream_id, version, type, type_version, occurred_at, data, meta)
       select 1, (left($1, 14) || lpad(to_hex($2::int + i), 4, '0') || right(gen_random_uuid()::text, 18))::uuid, 1, 'A', 1, now(),
         repeat('x', 300), '{}' from generate_series(1, 2000) i`,
      [newId(), done % 40_000],
    );
  }
}

beforeAll(async () => {
  database = await createTestDatabase({ template: TEMPLATE });
  store = await openStore(database.url);
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

describe('the reader over more than 100,000 events', () => {
  it('walks an index from the place it has reached, at any age of the plan: no sort, and a bounded number of pages', async () => {
    await withClient(database.url, async (client) => {
      await setSession(client, { ...SESSION, ...READER_SESSION });
      for (let count = 0; count < 5; count++) await store.append(newId(), 0, [event('A')]);
      // The worst moment to plan: statistics say that the table is tiny, and autovacuum will not correct them.
      await client.query('vacuum analyze');
      const { rows: tables } = await client.query<{ name: string }>(
        `select oid::regclass::text as name from pg_class where relname ~ '^events(_bodies)?_p' and relkind = 'r'`,
      );
      for (const { name } of tables) await client.query(`alter table ${name} set (autovacuum_enabled = off)`);
      await client.query(
        `prepare read_after(smallint, smallint, xid8, bigint, bigint, bigint) as ${readAfterSql('runner.events')}`,
      );
      await explain(client, afterSql({ epoch: 0, transactionId: 0n, position: 0n }));
      await fill(client, EVENTS);
      const head = await readableHead(client);
      const { rows } = await client.query<{ epoch: number; xid: string; place: string }>(
        `select epoch, transaction_id::text as xid, position::text as place from runner.events
         order by epoch, transaction_id, position offset ${EVENTS * 0.9} limit 1`,
      );
      const row = rows[0] as (typeof rows)[0];
      const late = { epoch: row.epoch, transactionId: BigInt(row.xid), position: BigInt(row.place) };
      for (let round = 0; round < 2; round++) {
        // The first round has stale statistics, the second has fresh ones.
        const batch = await explain(client, afterSql(late));
        expect(batch.nodes).toContain('Index Scan');
        expect(batch.nodes).not.toContain('Sort');
        expect(batch.nodes).not.toContain('Seq Scan');
        expect(batch.rows).toBe(BATCH);
        // 4 partitions, 500 rows of 400 bytes: measured 43.
        expect(batch.buffers).toBeLessThan(150);
        const poll = await explain(client, afterSql(head));
        expect(poll.nodes).not.toContain('Sort');
        expect(poll.buffers).toBeLessThan(30);
        await client.query('analyze runner.events');
      }
    });
  });

  it('looks no further than its batch although a writer holds back everything behind it', async () => {
    await withClient(database.url, async (client) => {
      await setSession(client, { ...SESSION, ...READER_SESSION });
      await client.query(
        `prepare read_after(smallint, smallint, xid8, bigint, bigint, bigint) as ${readAfterSql('runner.events')}`,
      );
      const head = await readableHead(client);
      await withClient(database.url, async (writer) => {
        await writer.query('begin');
        await writer.query('select pg_current_xact_id()');
        await fill(client, 20_000);
        const poll = await explain(client, afterSql(head));
        expect(poll).toMatchObject({ rows: 0 });
        expect(poll.buffers).toBeLessThan(30);
        await writer.query('rollback');
      });
    });
  });

  it('orders by number: transaction ids of 9 and 10 digits stand in their order, not in that of their texts', async () => {
    const other = await createTestDatabase();
    await withClient(other.url, async (client) => {
      await createTables(client, false);
      await client.query(`insert into runner.epochs values (1, 'elsewhere')`);
      for (const xid of [1_000_000_001, 999_999_999, 5]) {
        await client.query(
          `insert into runner.events (epoch, transaction_id, stream_id, version, type, type_version, occurred_at, data, meta)
           values (1, $1::text::xid8, $2, 1, 'A', 1, now(), 'null', '{}')`,
          [xid, newId()],
        );
      }
    });
    const elsewhere = await openStore(other.url, { partitioned: false });
    const events = await elsewhere.readAfter('runner.events', null, 10);
    expect(events.map(({ position }) => position.transactionId)).toEqual([5n, 999_999_999n, 1_000_000_001n]);
    await elsewhere.close();
    await other.drop();
  });
});

describe('a statement that rides along', () => {
  it('does not stay with a plan that was made when its table was small', async () => {
    await database.pool.query(`insert into runner.counters select 'c' || i, 0 from generate_series(1, 5) i`);
    await database.pool.query('vacuum analyze runner.counters');
    await database.pool.query('alter table runner.counters set (autovacuum_enabled = off)');
    const count = (names: readonly string[]) =>
      store.commit({ appends: [], alongside: [{ statement: COUNT, rows: names.map((name) => [name, 1]) }] });
    await count(['c1']);
    await database.pool.query(`insert into runner.counters select 'd' || i, 0 from generate_series(1, 100000) i`);
    const readsOf = async () => {
      const { rows } = await database.pool.query<{ n: string }>(
        `select idx_tup_read + (select seq_tup_read from pg_stat_user_tables where relname = 'counters') as n
         from pg_stat_user_indexes where indexrelname = 'counters_pkey'`,
      );
      return Number(rows[0]?.n);
    };
    // One more than it takes to plan again.
    for (let round = 0; round < 3; round++) {
      await count(Array.from({ length: 2000 }, (_, index) => `d${index + 1}`));
    }
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await count(['c2']);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const before = await readsOf();
    for (let round = 0; round < 10; round++) await count([`d${round * 9000 + 7}`]);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await readsOf()) - before).toBeLessThan(1000);
  });
});
