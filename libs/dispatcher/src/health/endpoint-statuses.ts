import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type EndpointStatus, HEALTHY, type Pause, STATUS_COLUMNS, statusOfRow } from '@sluice/endpoint-status';
import { ReplicaBoard, TableTail } from '@sluice/local-copy';
import { InjectPool } from '@sluice/platform';
import type { ClientBase, Pool } from 'pg';
import type { Health } from './endpoint-health.decider.ts';

const log = new Logger('dispatcher.health');

/** What this replica says it has applied; the topic stands for pauses and resumes on the board. */
const BOARD_TOPIC = 'dispatcher.events';
const positionOf = (change: bigint) => ({ epoch: 0, transactionId: 0n, position: change });

const COUNT_CHANGE = 'update endpoint_status.changes set n = n + 1 returning n::text';

/** A status with how often the endpoint was let begin anew. */
interface BegunStatus extends EndpointStatus {
  begun: number;
}

/** In a transaction: what was learnt of the endpoint is over, also what somebody has learnt and not written yet. */
export async function beginAnew(client: ClientBase, uuid: string): Promise<void> {
  await client.query(
    `insert into endpoint_status.statuses as s (uuid, begun) values ($1, 1)
     on conflict (uuid) do update set failing_since = null, hold_until = null, begun = s.begun + 1,
       changed_xid = pg_current_xact_id()`,
    [uuid],
  );
}

/** Every endpoint's status in memory, kept fresh from the table. */
@Injectable()
export class EndpointStatuses implements OnModuleInit, OnApplicationShutdown {
  readonly #tail: TableTail<BegunStatus>;
  readonly #listeners: ((uuid: string, status: EndpointStatus, begun: number) => void)[] = [];

  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    private readonly board: ReplicaBoard,
  ) {
    this.#tail = new TableTail<BegunStatus>({
      pool,
      table: 'endpoint_status.statuses',
      key: 'uuid',
      columns: [...STATUS_COLUMNS, 'begun'],
      map: (row) => ({ ...statusOfRow(row), begun: Number(row.begun) }),
      onChange: (changes) => {
        for (const { key, value } of changes)
          for (const tell of this.#listeners) tell(key, value ?? HEALTHY, value?.begun ?? 0);
      },
      marker: 'select n::text from endpoint_status.changes',
      onPolled: (marker) =>
        this.board.report('dispatcher', BOARD_TOPIC, marker === null ? null : positionOf(BigInt(marker))),
      onError: (error) => log.warn(`the endpoints’ statuses cannot be refreshed: ${(error as Error).message}`),
    });
  }

  async onModuleInit(): Promise<void> {
    await this.#tail.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#tail.stop();
  }

  of(uuid: string): EndpointStatus {
    return this.#tail.get(uuid) ?? HEALTHY;
  }

  /** How often it was let begin anew, as far as is known here. */
  begunOf(uuid: string): number {
    return this.#tail.get(uuid)?.begun ?? 0;
  }

  /** Called after each change, by whomever. */
  onChange(listener: (uuid: string, status: EndpointStatus, begun: number) => void): void {
    this.#listeners.push(listener);
  }

  async refresh(): Promise<void> {
    await this.#tail.poke();
  }

  /** In a transaction. @returns the number of the change, for `applied`. */
  async pause(client: ClientBase, uuid: string, pause: Pause): Promise<bigint> {
    const number = await this.#count(client);
    await client.query(
      `insert into endpoint_status.statuses (uuid, paused_at, paused_reason, paused_detail) values ($1, $2, $3, $4)
       on conflict (uuid) do update set paused_at = excluded.paused_at, paused_reason = excluded.paused_reason,
         paused_detail = excluded.paused_detail, changed_xid = pg_current_xact_id()`,
      [uuid, pause.at, pause.reason, pause.detail],
    );
    return number;
  }

  /** In a transaction. The clock of failing begins anew, and what the receiver asked for is over. */
  async resume(client: ClientBase, uuid: string): Promise<bigint> {
    const number = await this.#count(client);
    await beginAnew(client, uuid);
    await client.query(
      'update endpoint_status.statuses set paused_at = null, paused_reason = null, paused_detail = null where uuid = $1',
      [uuid],
    );
    return number;
  }

  /** As `resume`, of what is neither paused nor held as far as the table knows: somebody may have learnt otherwise and not written it yet. */
  async resumeUnseen(uuid: string): Promise<bigint> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('begin');
      const number = await this.resume(client, uuid);
      await client.query('commit');
      return number;
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      client.release(failure);
    }
  }

  /** Whether every live dispatcher has applied the change; false after `timeoutMs`. */
  async applied(change: bigint, timeoutMs: number): Promise<boolean> {
    await this.refresh();
    return this.board.waitUntilApplied(BOARD_TOPIC, positionOf(change), ['dispatcher'], { timeoutMs });
  }

  /** What was learnt before the endpoint began anew is left out, but that people were warned. @throws what the database throws */
  async saveHealth(rows: readonly (readonly [uuid: string, health: Health, begun: number])[]): Promise<void> {
    const timeOf = (ms: number | null): Date | null => (ms === null || ms === 0 ? null : new Date(ms));
    await this.pool.query(
      `insert into endpoint_status.statuses as s (uuid, failing_since, warned_at, hold_until, begun)
       select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int8[])
       on conflict (uuid) do update set warned_at = excluded.warned_at, changed_xid = pg_current_xact_id(),
         failing_since = case when s.begun = excluded.begun then excluded.failing_since else s.failing_since end,
         hold_until = case when s.begun = excluded.begun then excluded.hold_until else s.hold_until end`,
      [
        rows.map(([uuid]) => uuid),
        rows.map(([, health]) => timeOf(health.failingSinceMs)),
        rows.map(([, health]) => timeOf(health.warnedAtMs)),
        rows.map(([, health]) => timeOf(health.holdUntilMs)),
        rows.map(([, , begun]) => begun),
      ],
    );
  }

  async #count(client: ClientBase): Promise<bigint> {
    const { rows } = await client.query<{ n: string }>(COUNT_CHANGE);
    return BigInt(rows[0]?.n ?? '0');
  }
}
