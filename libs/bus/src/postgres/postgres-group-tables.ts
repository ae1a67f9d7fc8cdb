import { schemaOf, type ServiceName } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import type { ClientBase, Pool } from 'pg';
import {
  CheckpointMovedError,
  type CheckpointKey,
  type CheckpointMove,
  type CheckpointState,
  type GroupTables,
  type LeaseRequest,
} from '../consuming/group-tables.ts';
import type { DeadLetter, DeadLetterFilter, NewDeadLetter } from '../dead-letters/dead-letter.ts';
import { moveOneSql, moveRow, moveStatement } from './checkpoint-statements.ts';
import {
  failedAgainStatement,
  letterOf,
  type LetterRow,
  parkRow,
  parkStatement,
  stateStatement,
} from './dead-letter-statements.ts';

interface CheckpointRow {
  fence: string;
  epoch: number;
  transaction_id: string;
  position: string;
}

function stateOf(row: CheckpointRow): CheckpointState {
  const { fence, epoch, transaction_id, position } = row;
  return {
    fence: BigInt(fence),
    position: { epoch, transactionId: BigInt(transaction_id), position: BigInt(position) },
  };
}

const RETURNING = 'returning c.fence, c.epoch, c.transaction_id, c.position';

/** Checkpoints and dead letters in the service's own schema; `busTablesSql` creates the tables. */
export class PostgresGroupTables implements GroupTables {
  readonly #pool: Pool;
  readonly #schema: string;
  readonly #move: AlongsideStatement;
  readonly #moveOne: string;
  readonly #park: AlongsideStatement;
  readonly #handled: AlongsideStatement;
  readonly #done: AlongsideStatement;
  readonly #failedAgain: AlongsideStatement;

  constructor(service: ServiceName, pool: Pool) {
    this.#pool = pool;
    this.#schema = schemaOf(service);
    this.#move = moveStatement(this.#schema);
    this.#moveOne = moveOneSql(this.#schema);
    this.#park = parkStatement(this.#schema);
    this.#handled = stateStatement(this.#schema, ['parked'], 'handled');
    this.#done = stateStatement(this.#schema, ['handled', 'discarded'], 'done');
    this.#failedAgain = failedAgainStatement(this.#schema);
  }

  async take(key: CheckpointKey): Promise<CheckpointState> {
    const { rows } = await this.#pool.query<CheckpointRow>(
      `insert into ${this.#schema}.checkpoints as c (consumer_group, topic, partition, fence) values ($1, $2, $3, 1)
       on conflict (consumer_group, topic, partition) do update set fence = c.fence + 1, updated_at = now()
       ${RETURNING}`,
      [key.group, key.topic, key.partition],
    );
    return stateOf(rows[0] as CheckpointRow);
  }

  async takeLeased(key: CheckpointKey, lease: LeaseRequest): Promise<CheckpointState | null> {
    const { rows } = await this.#pool.query<CheckpointRow>(
      `insert into ${this.#schema}.checkpoints as c
         (consumer_group, topic, partition, fence, lease_owner, lease_until)
       values ($1, $2, $3, 1, $4, clock_timestamp() + make_interval(secs => $5))
       on conflict (consumer_group, topic, partition) do update set fence = c.fence + 1,
         lease_owner = excluded.lease_owner, lease_until = excluded.lease_until, updated_at = now()
       where $6 or c.lease_until is null or c.lease_until < clock_timestamp() or c.lease_owner = $4
       ${RETURNING}`,
      [key.group, key.topic, key.partition, lease.owner, lease.leaseMs / 1000, lease.force ?? false],
    );
    return rows[0] ? stateOf(rows[0]) : null;
  }

  async renewLeases(lease: LeaseRequest): Promise<CheckpointKey[]> {
    const { rows } = await this.#pool.query<CheckpointKey>(
      `update ${this.#schema}.checkpoints set lease_until = clock_timestamp() + make_interval(secs => $2)
       where lease_owner = $1 and lease_until > clock_timestamp()
       returning consumer_group as "group", topic, partition`,
      [lease.owner, lease.leaseMs / 1000],
    );
    return rows;
  }

  async releaseLeases(owner: string): Promise<void> {
    await this.#pool.query(
      `update ${this.#schema}.checkpoints set lease_until = null, lease_owner = null where lease_owner = $1`,
      [owner],
    );
  }

  async current(key: CheckpointKey): Promise<CheckpointState | null> {
    const { rows } = await this.#pool.query<CheckpointRow>(
      `select fence, epoch, transaction_id, position from ${this.#schema}.checkpoints
       where consumer_group = $1 and topic = $2 and partition = $3`,
      [key.group, key.topic, key.partition],
    );
    return rows[0] ? stateOf(rows[0]) : null;
  }

  move(move: CheckpointMove): Alongside {
    return { statement: this.#move, rows: [moveRow(move)] };
  }

  async moveWith(client: ClientBase, move: CheckpointMove): Promise<void> {
    const { rowCount } = await client.query({ name: 'bus_move_one', text: this.#moveOne, values: moveRow(move) });
    if (rowCount !== 1) throw new CheckpointMovedError(move.key);
  }

  async moveAlone(move: CheckpointMove): Promise<void> {
    const { rowCount } = await this.#pool.query({
      name: `bus_move_one_${this.#schema}`,
      text: this.#moveOne,
      values: moveRow(move),
    });
    if (rowCount !== 1) throw new CheckpointMovedError(move.key);
  }

  async rewind(key: CheckpointKey, fence: bigint): Promise<void> {
    const { rowCount } = await this.#pool.query(
      `update ${this.#schema}.checkpoints set epoch = 0, transaction_id = 0, position = 0, updated_at = now()
       where consumer_group = $1 and topic = $2 and partition = $3 and fence = $4`,
      [key.group, key.topic, key.partition, fence],
    );
    if (rowCount !== 1) throw new CheckpointMovedError(key);
  }

  async parkedStreams(group: string, topic: string): Promise<Set<string>> {
    const { rows } = await this.#pool.query<{ stream_id: string }>(
      `select distinct stream_id from ${this.#schema}.dead_letters
       where state = 'parked' and consumer_group = $1 and topic = $2`,
      [group, topic],
    );
    return new Set(rows.map((row) => row.stream_id));
  }

  async isParked(group: string, topic: string, streamId: string): Promise<boolean> {
    return (await this.firstParked(group, topic, streamId)) !== null;
  }

  park(letters: readonly NewDeadLetter[]): Alongside {
    return { statement: this.#park, rows: letters.map(parkRow) };
  }

  handled(id: string): Alongside {
    return { statement: this.#handled, rows: [[id]] };
  }

  async handledWith(client: ClientBase, id: string): Promise<void> {
    const { rowCount } = await client.query(
      `update ${this.#schema}.dead_letters set state = 'handled', finished_at = now()
       where id = $1 and state = 'parked'`,
      [id],
    );
    if (rowCount !== 1) throw new Error(`dead letter ${id} is not parked any more`);
  }

  async handledAlone(id: string): Promise<void> {
    await this.#setState(id, 'handled');
  }

  failedAgain(id: string, error: { name: string; message: string }, announced: number): Alongside {
    return { statement: this.#failedAgain, rows: [[id, error.name, error.message, announced]] };
  }

  async discard(id: string): Promise<boolean> {
    return this.#setState(id, 'discarded');
  }

  done(id: string): Alongside {
    return { statement: this.#done, rows: [[id]] };
  }

  async letter(id: string): Promise<DeadLetter | null> {
    return (await this.#letters('id = $1', [id], 1))[0] ?? null;
  }

  async list(filter: DeadLetterFilter): Promise<DeadLetter[]> {
    return this.#letters(
      `state = $1 and ($2::text is null or consumer_group = $2) and ($3::text is null or topic = $3)`,
      [filter.state ?? 'parked', filter.group ?? null, filter.topic ?? null],
      filter.limit ?? 100,
      'parked_at, version',
    );
  }

  async firstParked(group: string, topic: string, streamId: string): Promise<DeadLetter | null> {
    const where = `state = 'parked' and consumer_group = $1 and topic = $2 and stream_id = $3`;
    return (await this.#letters(where, [group, topic, streamId], 1, 'version'))[0] ?? null;
  }

  async unannounced(limit: number): Promise<DeadLetter[]> {
    return this.#letters(`state in ('handled', 'discarded')`, [], limit, 'finished_at');
  }

  async orphanedStreams(limit: number): Promise<{ group: string; topic: string; streamId: string }[]> {
    const { rows } = await this.#pool.query<{ group: string; topic: string; streamId: string }>(
      `select consumer_group as "group", topic, stream_id as "streamId" from (
         select distinct on (consumer_group, topic, stream_id) consumer_group, topic, stream_id, reason
         from ${this.#schema}.dead_letters where state = 'parked'
         order by consumer_group, topic, stream_id, version) heads
       where reason = 'behind' limit $1`,
      [limit],
    );
    return rows;
  }

  async sweep(olderThanSeconds: number): Promise<void> {
    await this.#pool.query(
      `delete from ${this.#schema}.dead_letters
       where state = 'done' and finished_at < now() - make_interval(secs => $1)`,
      [olderThanSeconds],
    );
  }

  async #setState(id: string, state: 'handled' | 'discarded'): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `update ${this.#schema}.dead_letters set state = $2, finished_at = now() where id = $1 and state = 'parked'`,
      [id, state],
    );
    return rowCount === 1;
  }

  async #letters(where: string, values: unknown[], limit: number, order = 'id'): Promise<DeadLetter[]> {
    const { rows } = await this.#pool.query<LetterRow>(
      `select * from ${this.#schema}.dead_letters where ${where} order by ${order} limit ${Math.floor(limit)}`,
      values,
    );
    return rows.map(letterOf);
  }
}
