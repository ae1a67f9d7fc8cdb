import { Injectable } from '@nestjs/common';
import { firstIdAt } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { DAY_MS } from './log-tables.ts';

const FRESH_MS = 30_000;

/**
 * The oldest that an app may still see. Partitions hold the days of all apps: what one app's own limits end is hidden
 * at once, and its space returns with the day's partition.
 */
@Injectable()
export class AppFloors {
  #floors: ReadonlyMap<string, string> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /** The smallest id that the app sees; undefined when it sees all. */
  async of(appId: string): Promise<string | undefined> {
    if (performance.now() - this.#readAtMs > FRESH_MS) await this.refresh();
    return this.#floors.get(appId);
  }

  /** Whether what has this id is too old for the app. */
  async hides(appId: string, id: string): Promise<boolean> {
    const floor = await this.of(appId);
    return floor !== undefined && id.toLowerCase() < floor;
  }

  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { rows } = await this.pool.query<{ app_id: string; day: number }>({
      name: 'delivery_log_app_floors',
      text: 'select app_id, floor as day from delivery_log.app_floors',
    });
    this.#floors = new Map(rows.map(({ app_id, day }) => [app_id, firstIdAt(day * DAY_MS)]));
    this.#readAtMs = performance.now();
  }
}
