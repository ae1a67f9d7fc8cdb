import { connect } from 'node:net';
import pg from 'pg';
import { expect, test } from 'vitest';
import { temporaryKafka, temporaryPostgres, testKafka } from './index.ts';

test('all who ask for the Kafka of the run get the same one', async () => {
  const [one, two] = await Promise.all([testKafka(), testKafka()]);
  expect(one.brokers).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(two).toEqual(one);
}, 120_000);

test('a PostgreSQL of the own keeps port and committed rows over kill -9', async () => {
  const own = await temporaryPostgres();
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: own.server.url });
    client.on('error', () => undefined); // the kill below ends it
    await client.connect();
    const { rows } = await client.query(sql);
    await client.end();
    return rows;
  };
  await query('create table kept (n int); insert into kept values (1)');
  const before = own.server;
  await before.kill9();
  const after = await own.restart();
  expect(after.url).toBe(before.url);
  expect(after.pid).not.toBe(before.pid);
  expect(await query('select n from kept')).toEqual([{ n: 1 }]);
  await own.remove();
});

test('a Kafka of the own keeps its port over kill -9', async () => {
  const own = await temporaryKafka();
  const before = own.server;
  await before.kill9();
  const after = await own.restart();
  expect(after.brokers).toBe(before.brokers);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(after.port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).on('error', reject);
  });
  await own.remove();
}, 60_000);
