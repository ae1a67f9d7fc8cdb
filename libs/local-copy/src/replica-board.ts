import type { Topic } from '@sluice/contracts';
import type { Position } from '@sluice/event-store';
import { comparePositions } from '@sluice/event-store';
import type { Pool } from 'pg';
import { LIVE_MS, ReplicaReader } from './replica-reader.ts';

export interface ReplicaBoardOptions {
  pool: Pool;
  /** Unique per process. */
  instance: string;
  /** How often a replica that has nothing new says that it lives; 1,000 ms unless given. */
  heartbeatMs?: number;
  /** Least time between two writes of moved positions; 20 ms unless given. */
  throttleMs?: number;
  /** How long `waitUntilApplied` waits when it is not told; 2,000 ms unless given. */
  waitMs?: number;
  /** A failed write; it is tried again with the next report or heartbeat. */
  onError?(error: unknown): void;
}

interface Held {
  service: string;
  topic: Topic;
  position: Position | null;
  written: boolean;
}

/**
 * Where every replica of every service says how far its local copy has come, so that whoever changed something can
 * wait until all live replicas have it. Positions only grow; a replica that stops takes its rows away.
 */
export class ReplicaBoard {
  readonly #options: ReplicaBoardOptions;
  readonly #reader: ReplicaReader;
  readonly #held = new Map<string, Held>();
  #heartbeat: NodeJS.Timeout | null = null;
  #soon: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #lastWriteAt = 0;
  #closed = false;

  constructor(options: ReplicaBoardOptions) {
    this.#options = options;
    this.#reader = new ReplicaReader(options.pool, (error) => options.onError?.(error));
  }

  /**
   * This replica of `service` now contains everything of `topic` up to and including `position` (null: nothing yet,
   * but it lives and wants to be waited for). Cheap: the write is throttled and in the background.
   */
  report(service: string, topic: Topic, position: Position | null): void {
    if (this.#closed) return;
    const key = `${service}/${topic}`;
    const held = this.#held.get(key);
    if (held) {
      if (!position || (held.position && comparePositions(position, held.position) <= 0)) return;
      held.position = position;
      held.written = false;
    } else this.#held.set(key, { service, topic, position, written: false });
    this.#heartbeat ??= setInterval(() => this.#write(true), this.#options.heartbeatMs ?? 1000).unref();
    this.#schedule();
  }

  /**
   * Whether every live replica of the services has applied the topic up to the position. A service without a live
   * replica is not waited for: it will load the present state when it starts. With `othersOnly` this process is not
   * waited for either: it has made sure of itself.
   * @returns false after `timeoutMs` (`waitMs` of the board unless given), and when the board cannot be read: the change itself is
   *   committed either way.
   */
  waitUntilApplied(
    topic: Topic,
    position: Position,
    services: readonly string[],
    options: { timeoutMs?: number; othersOnly?: boolean } = {},
  ): Promise<boolean> {
    const but = options.othersOnly === true ? { but: this.#options.instance } : {};
    return this.#reader.wait({ topic, position, services, ...but }, options.timeoutMs ?? this.#options.waitMs ?? 2000);
  }

  /**
   * Whether a replica of the service lives in another process.
   * @throws what the database threw.
   */
  async hasOthers(service: string): Promise<boolean> {
    const { rowCount } = await this.#options.pool.query({
      name: 'replicas:others',
      text: `select 1 from replicas.positions
        where service = $1 and instance <> $2 and heartbeat_at > now() - $3 * interval '1 ms' limit 1`,
      values: [service, this.#options.instance, LIVE_MS],
    });
    return rowCount !== 0;
  }

  /** Takes this process off the board. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#heartbeat) clearInterval(this.#heartbeat);
    if (this.#soon) clearTimeout(this.#soon);
    await this.#writing;
    if (this.#held.size === 0) return;
    // Standalone has a board per service under one instance: each takes away its own rows.
    const services = [...new Set([...this.#held.values()].map((held) => held.service))];
    await this.#options.pool
      .query('delete from replicas.positions where instance = $1 and service = any($2::text[])', [
        this.#options.instance,
        services,
      ])
      .catch((error: unknown) => this.#options.onError?.(error));
  }

  #schedule(): void {
    if (this.#soon || this.#writing || this.#closed) return;
    const waitMs = this.#lastWriteAt + (this.#options.throttleMs ?? 20) - Date.now();
    this.#soon = setTimeout(
      () => {
        this.#soon = null;
        this.#write(false);
      },
      Math.max(0, waitMs),
    );
  }

  #write(all: boolean): void {
    if (this.#writing || this.#closed) return;
    const rows = [...this.#held.values()].filter((held) => all || !held.written);
    if (rows.length === 0) return;
    for (const held of rows) held.written = true;
    this.#writing = this.#upsert(rows)
      .then(
        () => true,
        (error: unknown) => {
          this.#options.onError?.(error);
          return false;
        },
      )
      .then((written) => {
        this.#writing = null;
        this.#lastWriteAt = Date.now();
        // After a failure the heartbeat tries again, with everything; otherwise what moved meanwhile follows now.
        if (written && [...this.#held.values()].some((held) => !held.written)) this.#schedule();
      });
  }

  async #upsert(rows: readonly Held[]): Promise<void> {
    const text = (value: bigint | undefined): string | null => (value === undefined ? null : value.toString());
    await this.#options.pool.query({
      name: 'replicas:report',
      text: `insert into replicas.positions as p
          (service, instance, topic, epoch, transaction_id, position, heartbeat_at)
        select s, $1, t, e, x::xid8, n, now()
        from unnest($2::text[], $3::text[], $4::smallint[], $5::text[], $6::bigint[]) as r(s, t, e, x, n)
        on conflict (service, instance, topic) do update set epoch = excluded.epoch,
          transaction_id = excluded.transaction_id, position = excluded.position, heartbeat_at = now()`,
      values: [
        this.#options.instance,
        rows.map((held) => held.service),
        rows.map((held) => held.topic),
        rows.map((held) => held.position?.epoch ?? null),
        rows.map((held) => text(held.position?.transactionId)),
        rows.map((held) => text(held.position?.position)),
      ],
    });
  }
}

/** The schema `replicas`; run by the platform at boot, before any service. */
export function replicaTablesSql(): string[] {
  return [
    'create schema if not exists replicas',
    `create table if not exists replicas.positions (
      service text not null, instance text not null, topic text not null,
      epoch smallint, transaction_id xid8, position bigint,
      heartbeat_at timestamptz not null default now(),
      primary key (service, instance, topic)
    ) with (fillfactor = 50)`,
    `delete from replicas.positions where heartbeat_at < now() - interval '1 hour'`,
  ];
}
