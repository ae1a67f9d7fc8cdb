import { ReplicaBoard, replicaTablesSql } from '@sluice/local-copy';
import type { Alongside } from '@sluice/event-store';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AccessBoard } from './access-board.ts';
import { AccessControl } from './access-control.ts';
import { accessTablesSql, grantAccess, revokeAccess } from './access-tables.ts';
import { hashToken } from './credential.ts';

const LONG_MS = 60_000;
let database: TestDatabase;
const started: AccessControl[] = [];
let ids = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const statement of [...accessTablesSql(), ...replicaTablesSql()]) await database.pool.query(statement);
});
afterEach(async () => {
  for (const access of started.splice(0)) await access.stop();
});
afterAll(() => database?.drop());

/** What a process has. It does not read by itself unless told, so that the test says when it does. */
async function processOf(instance: string, { waitMs = LONG_MS, pollMs = LONG_MS } = {}): Promise<AccessControl> {
  const { pool } = database;
  const board = new AccessBoard(pool, new ReplicaBoard({ pool, instance, waitMs }));
  const access = new AccessControl({ pool, pollMs, board });
  started.push(access);
  await access.start();
  await access.refresh();
  return access;
}

/** Runs an alongside statement by itself, as the event store does within its own. */
async function run({ statement, rows }: Alongside): Promise<void> {
  const columns = statement.columns.map((type, index) => `$${index + 1}::${type}[]`);
  const values = statement.columns.map((_type, index) => rows.map((row) => row[index]));
  await database.pool.query(statement.sql(columns), values);
}

async function newToken(): Promise<{ id: string; token: string }> {
  const [id, token] = [`01890000-0000-7000-8000-${String(++ids).padStart(12, '0')}`, `token ${ids}`];
  const nobody = { appId: null, userId: null, triggerId: null, expiresAt: null };
  await run(grantAccess([{ ...nobody, tokenId: id, sha256: hashToken(token), kind: 'personal', scopes: ['admin'] }]));
  return { id, token };
}

const changes = async () => (await database.pool.query('select n::int as n from access.changes')).rows[0]?.n as number;
const isOnBoard = (count: number) =>
  waitFor(async () => {
    const { rows } = await database.pool.query('select 1 from replicas.positions where position is not null');
    return rows.length === count;
  }, 30_000);

describe('a credential that was shut out', () => {
  it('LC-07: is refused by every process once the change is known everywhere', async () => {
    const { id, token } = await newToken();
    const mine = await processOf('one');
    const others = [await processOf('two', { pollMs: 50 }), await processOf('three', { pollMs: 50 })];
    await isOnBoard(3);
    for (const access of [mine, ...others]) expect(await access.authenticate(token)).not.toBeNull();
    await run(revokeAccess([id]));
    expect(await mine.isKnownEverywhere()).toBe(true);
    for (const access of [mine, ...others]) expect(await access.authenticate(token)).toBeNull();
  });

  it('LC-07: is said to be on its way while a process has not read the change, and not afterwards', async () => {
    const { id, token } = await newToken();
    const hurried = await processOf('hurried', { waitMs: 200 });
    const slow = await processOf('slow');
    await isOnBoard(2);
    await run(revokeAccess([id]));
    expect(await hurried.isKnownEverywhere()).toBe(false);
    expect(await slow.authenticate(token)).not.toBeNull();
    const patient = await processOf('patient');
    const counted = await changes();
    const known = patient.isKnownEverywhere();
    await waitFor(async () => (await changes()) > counted, 30_000);
    // Who asked for less than this change reads it, too.
    await Promise.all([slow.refresh(), hurried.refresh()]);
    expect(await known).toBe(true);
    expect(await slow.authenticate(token)).toBeNull();
  });

  it('one process alone waits for nobody and writes nothing', async () => {
    const alone = await processOf('alone');
    await isOnBoard(1);
    const before = await changes();
    expect(await alone.isKnownEverywhere()).toBe(true);
    expect(await changes()).toBe(before);
  });

  it('a process that has stopped is not waited for', async () => {
    const [one, two] = [await processOf('one'), await processOf('two')];
    await isOnBoard(2);
    await two.stop();
    expect(await one.isKnownEverywhere()).toBe(true);
  });

  it('a board that cannot be read is no error: it is not known', async () => {
    const access = await processOf('one');
    await database.pool.query('alter schema replicas rename to away');
    try {
      expect(await access.isKnownEverywhere()).toBe(false);
    } finally {
      await database.pool.query('alter schema away rename to replicas');
    }
  });
});
