import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPool, metrics } from '@sluice/platform';
import type { Pool } from 'pg';

const log = new Logger('delivery-log.rejections');

const EVERY_MS = 600_000;
const ROWS_PER_STATEMENT = 5_000;

export interface RejectionBounds {
  /** Records older than this go, in milliseconds. */
  maxAgeMs: number;
  /** Of more than this the oldest go. */
  maxRows: number;
}

/** A record has 500 to 1,000 bytes: half a gigabyte at most. One gateway can write 100 a second, 8.6 million a day. */
export const REJECTION_BOUNDS: RejectionBounds = { maxAgeMs: 30 * 86_400_000, maxRows: 500_000 };

/** The smallest id that carries the time: ids are UUIDv7. */
const firstIdAt = (ms: number): string => {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};

/** The newest record that is one too many; an index scan of `maxRows` entries, every ten minutes. */
const SURPLUS_SQL = {
  name: 'delivery_log_rejections_surplus',
  text: 'select id from delivery_log.rejected_requests order by id desc offset $1 limit 1',
};

const DELETE_SQL = {
  name: 'delivery_log_rejections_sweep',
  text: `delete from delivery_log.rejected_requests where id in (
    select id from delivery_log.rejected_requests where id < $1 or id <= $2::uuid
    order by id limit ${ROWS_PER_STATEMENT} for update skip locked)`,
};

/**
 * GW-08: bounds the records of rejected requests by age and number, so that whoever knocks for weeks fills no disk. In
 * short transactions, because a long one delays every reader of events; any number of replicas may do it at once.
 */
@Injectable()
export class RejectionsSweep implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #swept = metrics.counter(
    'sluice_delivery_log_rejections_swept_total',
    'Records of rejected requests deleted because of their age or number',
  );
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  onApplicationBootstrap(): void {
    // Not all replicas of a deployment in the same second.
    this.#timer = setInterval(
      () => {
        this.#sweeping = this.sweep().then(
          () => undefined,
          (error: unknown) => log.warn(`old records of rejections stay for now: ${(error as Error).message}`),
        );
      },
      EVERY_MS * (0.9 + 0.2 * Math.random()),
    ).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** @returns how many were deleted. */
  async sweep({ maxAgeMs, maxRows } = REJECTION_BOUNDS): Promise<number> {
    const surplus = await this.pool.query<{ id: string }>({ ...SURPLUS_SQL, values: [maxRows] });
    const values = [firstIdAt(Date.now() - maxAgeMs), surplus.rows[0]?.id ?? null];
    let count = 0;
    for (let deleted = ROWS_PER_STATEMENT; deleted === ROWS_PER_STATEMENT; count += deleted) {
      deleted = (await this.pool.query({ ...DELETE_SQL, values })).rowCount ?? 0;
    }
    this.#swept.inc({}, count);
    return count;
  }
}
