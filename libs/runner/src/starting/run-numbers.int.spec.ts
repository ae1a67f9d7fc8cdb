import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RUN_NUMBER_BLOCK, RunNumbers } from './run-numbers.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query(`create schema runner`);
  await database.pool.query(`create sequence runner.run_numbers increment by ${RUN_NUMBER_BLOCK}`);
});

afterAll(() => database?.drop());

test('two processes that take numbers at the same time never get the same one', async () => {
  const processes = [new RunNumbers(database.pool), new RunNumbers(database.pool)];
  const taken = await Promise.all(
    Array.from({ length: 60 }, (_, index) => (processes[index % 2] as RunNumbers).take((index % 7) * 40)),
  );
  const numbers = taken.flat();
  expect(taken.map((each) => each.length)).toEqual(Array.from({ length: 60 }, (_, index) => (index % 7) * 40));
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(Math.min(...numbers)).toBe(1);
});
