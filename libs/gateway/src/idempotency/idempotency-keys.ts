import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { derivedId, type RunAnswered } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { GATEWAY_LIMITS } from '../gateway.config.ts';

const log = new Logger('gateway.idempotency');

export const IDEMPOTENCY_TABLE_SQL = [
  `create table gateway.idempotency_keys (
    key bytea primary key, run_id uuid not null, fingerprint bytea not null, waits boolean not null,
    accepted_at timestamptz not null default now())`,
  'create index idempotency_keys_by_time on gateway.idempotency_keys (accepted_at)',
];

const WINDOW_SQL = `interval '${GATEWAY_LIMITS.idempotencyWindowMs / 3_600_000} hours'`;

/**
 * A key that is remembered makes `run_id` null, which the table refuses, and with it the append; one that is past its
 * window is taken over. (`do nothing` would commit the event a second time.) In the order of the keys, because replicas
 * write batches with the same keys.
 */
const REMEMBER: AlongsideStatement = {
  name: 'gateway_idempotency',
  columns: ['bytea', 'uuid', 'bytea', 'bool'],
  sql: (arrays) => `insert into gateway.idempotency_keys as k (key, run_id, fingerprint, waits)
    select * from unnest(${arrays.join(', ')}) as r(key, run_id, fingerprint, waits) order by key
    on conflict (key) do update set
      run_id = case when k.accepted_at < now() - ${WINDOW_SQL} then excluded.run_id end,
      fingerprint = excluded.fingerprint, waits = excluded.waits, accepted_at = excluded.accepted_at`,
};

const FIND_SQL = {
  name: 'gateway:idempotency-find',
  text: `select run_id as "runId", fingerprint, waits, accepted_at as "acceptedAt" from gateway.idempotency_keys
    where key = $1 and accepted_at >= now() - ${WINDOW_SQL}`,
};

const FIND_ALL_SQL = {
  name: 'gateway:idempotency-find-all',
  text: `select key, run_id as "runId", fingerprint, waits, accepted_at as "acceptedAt" from gateway.idempotency_keys
    where key = any($1::bytea[]) and accepted_at >= now() - ${WINDOW_SQL}`,
};

/** The answer as the runner gave it (docs/architecture.md, "Who may read whose tables"). */
const ANSWER_SQL = {
  name: 'gateway:stored-answer',
  text: "select data from runner.answers where stream_id = $1 and type = 'RunAnswered' order by version limit 1",
};

const SWEEP_ROWS = 5_000;
const SWEEP_SQL = {
  name: 'gateway:idempotency-sweep',
  text: `delete from gateway.idempotency_keys where key in (
    select key from gateway.idempotency_keys where accepted_at < now() - ${WINDOW_SQL}
    order by accepted_at limit ${SWEEP_ROWS} for update skip locked)`,
};
const SWEEP_EVERY_MS = 60_000;

/** The request that used a key first. */
export interface FirstUse {
  runId: string;
  fingerprint: Buffer;
  /** Whether its caller waited for the run's answer, so that there is one. */
  waits: boolean;
  acceptedAt: Date;
}

/** Which idempotency keys were used in the last 24 hours, by which request (GW-05). */
@Injectable()
export class IdempotencyKeys implements OnModuleInit, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(@InjectPool('gateway') private readonly pool: Pool) {}

  onModuleInit(): void {
    this.#timer = setInterval(() => {
      this.#sweeping = this.sweep().catch((error: unknown) =>
        log.warn(`old idempotency keys stay until the next minute: ${(error as Error).message}`),
      );
    }, SWEEP_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** The row that is written with the event, or refuses it when the key was used. */
  remember(key: Buffer, first: Omit<FirstUse, 'acceptedAt'>): Alongside {
    return { statement: REMEMBER, rows: [[key, first.runId, first.fingerprint, first.waits]] };
  }

  async find(key: Buffer): Promise<FirstUse | null> {
    const { rows } = await this.pool.query<FirstUse>({ ...FIND_SQL, values: [key] });
    return rows[0] ?? null;
  }

  /** The first uses of these keys, by the key as latin1. */
  async findAll(keys: readonly Buffer[]): Promise<Map<string, FirstUse>> {
    const { rows } = await this.pool.query<FirstUse & { key: Buffer }>({ ...FIND_ALL_SQL, values: [keys] });
    return new Map(rows.map(({ key, ...first }) => [key.toString('latin1'), first]));
  }

  /** What the waiting caller of a run was answered, or would have been; null while the run goes on. */
  async answerOf(runId: string): Promise<RunAnswered | null> {
    const { rows } = await this.pool.query<{ data: string }>({
      ...ANSWER_SQL,
      values: [derivedId('answer', runId, '')],
    });
    return rows[0] ? (JSON.parse(rows[0].data) as RunAnswered) : null;
  }

  /** Deletes what is past its window, in short transactions. */
  async sweep(): Promise<void> {
    for (let deleted = SWEEP_ROWS; deleted === SWEEP_ROWS; ) {
      deleted = (await this.pool.query(SWEEP_SQL)).rowCount ?? 0;
    }
  }
}
