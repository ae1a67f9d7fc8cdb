import type { BusEvent, EventBatch } from '@sluice/bus';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { exampleStory, type Story } from '../example-events.fixture.ts';
import type { PreparedQuery } from './one-statement.ts';
import { ProjectionWriter } from './projection-writer.ts';
import { topicWrites } from './topic-writes.ts';

const TABLES = ['requests', 'runs', 'steps', 'domain_events', 'deliveries', 'attempts', 'led_to', 'endpoint_ids'];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
});
afterAll(() => database.drop());

/** The pool, and the texts of the statements that went through it. */
function watched(texts: string[]): Pool {
  const query = (prepared: PreparedQuery) => {
    texts.push(prepared.text);
    return database.pool.query(prepared);
  };
  return { query } as unknown as Pool;
}

const isCareful = (text: string): boolean => /steps \([^)]*\) select \* from unnest\([^)]*\) on conflict/.test(text);

/** A batch whose checkpoint is a row of its own: it is refused where another has moved it. */
function batchOf(events: readonly BusEvent[]): EventBatch {
  const statement = {
    name: 'test_nothing',
    columns: ['int4'],
    sql: ([numbers]: readonly string[]) => `select ${numbers}`,
  };
  const checkpoint = { alongside: () => ({ statement, rows: [[1]] }) } as unknown as EventBatch['checkpoint'];
  const signal = AbortSignal.abort(); // nobody rests for the remainder of the window
  return { events, checkpoint, signal } as unknown as EventBatch;
}

async function rows(): Promise<string[]> {
  const all: string[] = [];
  for (const table of TABLES) {
    const { rows } = await database.pool.query<{ row: string }>(`select t::text as row from delivery_log.${table} t`);
    all.push(...rows.map(({ row }) => `${table} ${row}`));
  }
  return all.sort();
}

const SERVICES = ['gateway', 'runner', 'dispatcher'] as const;

async function tell(writer: ProjectionWriter, stories: readonly Story[]): Promise<void> {
  for (const service of SERVICES) {
    const events = stories.flatMap((story) => story[service]);
    await writer.apply(batchOf(events), topicWrites(`${service}.events`, events));
  }
}

describe('what the delivery log writes', () => {
  it('is written without looking for what is there, and with care from the first row on that was there', async () => {
    const texts: string[] = [];
    const writer = new ProjectionWriter(watched(texts));
    const [known, fresh] = [exampleStory(), exampleStory()];
    await tell(writer, [known]);
    expect(texts.filter(isCareful)).toEqual([]);
    expect(texts).toHaveLength(SERVICES.length);
    const before = await rows();
    // Each batch holds rows that are there, and rows that are not.
    await tell(writer, [known, fresh]);
    // The first fails and is written again, the others know.
    expect(texts).toHaveLength(SERVICES.length * 2 + 1);
    const after = await rows();
    expect(after.filter((row) => before.includes(row))).toEqual(before);
    expect(after).toHaveLength(before.length * 2);
  });

  it('LG-03: new entries come at the end of an index, so that its pages stay full', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `select i.relname as name from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
       where t.relnamespace = 'delivery_log'::regnamespace and t.relkind = 'p' and 0 <> any(x.indoption)`,
    );
    expect(rows).toEqual([]);
  });
});
