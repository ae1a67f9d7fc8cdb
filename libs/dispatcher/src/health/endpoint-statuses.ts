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

/** Every endpoint's status in memory, kept fresh from the table. */
@Injectable()
export class EndpointStatuses implements OnModuleInit, OnApplicationShutdown {
  readonly #tail: TableTail<EndpointStatus>;
  readonly #listeners: ((uuid: string, status: EndpointStatus) => void)[] = [];

  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    private readonly board: ReplicaBoard,
  ) {
    this.#tail = new TableTail<EndpointStatus>({
      pool,
      table: 'endpoint_status.statuses',
      key: 'uuid',
      columns: STATUS_COLUMNS,
      map: statusOfRow,
      onChange: (changes) => {
        for (const { key, value } of changes) for (const tell of this.#listeners) tell(key, value ?? HEALTHY);
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

  /** Called after each change, by whomever. */
  onChange(listener: (uuid: string, status: EndpointStatus) => void): void {
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
    await client.query(
      `update endpoint_status.statuses set paused_at = null, paused_reason = null, paused_detail = null,
         hold_until = null, failing_since = null, changed_xid = pg_current_xact_id() where uuid = $1`,
      [uuid],
    );
    return number;
  }

  /** Whether every live dispatcher has applied the change; false after `timeoutMs`. */
  async applied(change: bigint, timeoutMs: number): Promise<boolean> {
    await this.refresh();
    return this.board.waitUntilApplied(BOARD_TOPIC, positionOf(change), ['dispatcher'], { timeoutMs });
  }

  /** @throws what the database throws */
  async saveHealth(rows: readonly (readonly [uuid: string, health: Health])[]): Promise<void> {
    const timeOf = (ms: number | null): Date | null => (ms === null || ms === 0 ? null : new Date(ms));
    await this.pool.query(
      `insert into endpoint_status.statuses (uuid, failing_since, warned_at, hold_until)
       select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])
       on conflict (uuid) do update set failing_since = excluded.failing_since, warned_at = excluded.warned_at,
         hold_until = excluded.hold_until, changed_xid = pg_current_xact_id()`,
      [
        rows.map(([uuid]) => uuid),
        rows.map(([, health]) => timeOf(health.failingSinceMs)),
        rows.map(([, health]) => timeOf(health.warnedAtMs)),
        rows.map(([, health]) => timeOf(health.holdUntilMs)),
      ],
    );
  }

  async #count(client: ClientBase): Promise<bigint> {
    const { rows } = await client.query<{ n: string }>(COUNT_CHANGE);
    return BigInt(rows[0]?.n ?? '0');
  }
}
