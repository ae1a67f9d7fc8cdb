import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from './index.ts';

const made: TestDatabase[] = [];
const create = async (...args: Parameters<typeof createTestDatabase>) => {
  const database = await createTestDatabase(...args);
  made.push(database);
  return database;
};

afterAll(async () => {
  await Promise.all(made.map((database) => database.drop()));
});

test('two test databases do not see each other', async () => {
  const [one, two] = [await create(), await create()];
  await one.pool.query('create table only_here (n int)');
  await expect(two.pool.query('select * from only_here')).rejects.toThrow(/does not exist/);
});

test('a template is prepared once, also when several ask for it at the same moment', async () => {
  let prepared = 0;
  const template = {
    name: `template of ${randomUUID()}`,
    async prepare(url: string) {
      prepared++;
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query('create table items (n int); insert into items values (7)');
      await client.end();
    },
  };
  const clones = await Promise.all([create({ template }), create({ template }), create({ template })]);
  expect(prepared).toBe(1);
  for (const clone of clones) {
    expect((await clone.pool.query('select n from items')).rows).toEqual([{ n: 7 }]);
  }
});

test('a dropped database is gone although somebody is still connected to it', async () => {
  const database = await createTestDatabase();
  const stranger = new pg.Client({ connectionString: database.url });
  stranger.on('error', () => undefined); // the server ends this connection, as the test wants
  await stranger.connect();
  await database.drop();
  const [other] = made;
  const { rows } = await (other?.pool ?? database.pool).query('select 1 from pg_database where datname = $1', [
    database.name,
  ]);
  expect(rows).toEqual([]);
});
