import type { Position } from '@sluice/event-store';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ReplicaBoard, replicaTablesSql } from './replica-board.ts';

let database: TestDatabase;
const boards: ReplicaBoard[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  for (const statement of replicaTablesSql()) await database.pool.query(statement);
});
afterEach(async () => {
  for (const board of boards.splice(0)) await board.close();
  await database.pool.query('truncate replicas.positions');
});
afterAll(() => database?.drop());

function replica(instance: string): ReplicaBoard {
  const board = new ReplicaBoard({ pool: database.pool, instance, heartbeatMs: 100 });
  boards.push(board);
  return board;
}

const at = (position: number, transactionId = 10, epoch = 1): Position => ({
  epoch,
  transactionId: BigInt(transactionId),
  position: BigInt(position),
});
const TOPIC = 'registry.events';
const quickly = { timeoutMs: 150 };

async function isOnBoard(count: number): Promise<void> {
  await waitFor(async () => {
    const { rowCount } = await database.pool.query('select 1 from replicas.positions');
    return rowCount === count;
  });
}

describe('waiting until a change is applied', () => {
  it('waits for every live replica of the service, not only the first', async () => {
    const [one, two] = [replica('one'), replica('two')];
    one.report('gateway', TOPIC, at(5));
    two.report('gateway', TOPIC, at(4));
    await isOnBoard(2);
    expect(await one.waitUntilApplied(TOPIC, at(5), ['gateway'], quickly)).toBe(false);
    const waiting = one.waitUntilApplied(TOPIC, at(5), ['gateway']);
    two.report('gateway', TOPIC, at(6));
    expect(await waiting).toBe(true);
  });

  it('waits for all services that are named, and not for others', async () => {
    const board = replica('one');
    board.report('gateway', TOPIC, at(5));
    board.report('runner', TOPIC, at(1));
    await isOnBoard(2);
    expect(await board.waitUntilApplied(TOPIC, at(5), ['gateway'], quickly)).toBe(true);
    expect(await board.waitUntilApplied(TOPIC, at(5), ['gateway', 'runner'], quickly)).toBe(false);
    expect(await board.waitUntilApplied(TOPIC, at(5), ['dispatcher'], quickly)).toBe(true);
  });

  it('compares positions in reading order: epoch, transaction, position', async () => {
    const board = replica('one');
    board.report('gateway', TOPIC, at(1, 11, 2));
    await isOnBoard(1);
    expect(await board.waitUntilApplied(TOPIC, at(900, 10, 2), ['gateway'], quickly)).toBe(true);
    expect(await board.waitUntilApplied(TOPIC, at(900, 999, 1), ['gateway'], quickly)).toBe(true);
    expect(await board.waitUntilApplied(TOPIC, at(0, 12, 2), ['gateway'], quickly)).toBe(false);
  });

  it('waits for a replica that lives but has applied nothing yet', async () => {
    const board = replica('one');
    board.report('gateway', TOPIC, null);
    await isOnBoard(1);
    expect(await board.waitUntilApplied(TOPIC, at(1), ['gateway'], quickly)).toBe(false);
  });

  it('does not wait for a replica that died more than five seconds ago, nor for one that closed', async () => {
    const dead = replica('dead');
    dead.report('gateway', TOPIC, at(1));
    await isOnBoard(1);
    const asking = replica('asking');
    expect(await asking.waitUntilApplied(TOPIC, at(5), ['gateway'], quickly)).toBe(false);
    await dead.close();
    expect(await asking.waitUntilApplied(TOPIC, at(5), ['gateway'], quickly)).toBe(true);
    await database.pool.query(`insert into replicas.positions values
      ('gateway', 'killed', '${TOPIC}', 1, '10', 1, now() - interval '6 seconds')`);
    expect(await asking.waitUntilApplied(TOPIC, at(5), ['gateway'], quickly)).toBe(true);
  });

  it('never goes back when an older position is reported late', async () => {
    const board = replica('one');
    board.report('gateway', TOPIC, at(9));
    board.report('gateway', TOPIC, at(3));
    await isOnBoard(1);
    expect(await board.waitUntilApplied(TOPIC, at(9), ['gateway'], quickly)).toBe(true);
  });

  it('stays live by its heartbeat while nothing changes, and writes what moved in between', async () => {
    const board = replica('one');
    for (let position = 1; position <= 200; position++) board.report('gateway', TOPIC, at(position));
    await isOnBoard(1);
    expect(await board.waitUntilApplied(TOPIC, at(200), ['gateway'])).toBe(true);
    expect(await board.waitUntilApplied(TOPIC, at(201), ['gateway'], quickly)).toBe(false);
    const heartbeat = async (): Promise<Date> => {
      const { rows } = await database.pool.query<{ at: Date }>('select heartbeat_at as at from replicas.positions');
      return (rows[0] as { at: Date }).at;
    };
    const before = await heartbeat();
    expect(await waitFor(async () => (await heartbeat()) > before)).toBe(true);
  });

  it('says that a change is on its way when the board cannot be read', async () => {
    const errors: unknown[] = [];
    const pool = { query: () => Promise.reject(new Error('away')) };
    const board = new ReplicaBoard({ pool: pool as never, instance: 'x', onError: (error) => errors.push(error) });
    expect(await board.waitUntilApplied(TOPIC, at(1), ['gateway'])).toBe(false);
    expect(errors).toHaveLength(1);
  });
});
