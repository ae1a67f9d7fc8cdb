import { Injectable } from '@nestjs/common';
import { isUuid } from '@sluice/contracts';
import { isTransientError } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { gatewayError } from '../gateway.errors.ts';
import { flowOf, type Route, triggerOf } from './route.ts';
import { RouteTable } from './route-table.ts';

/** How long an id that the registry does not know stays unknown without being asked for again. */
const NEGATIVE_MS = 1_000;
const MAX_NEGATIVES = 10_000;
/** Look-ups per second, whatever arrives: random ids must not reach the registry's tables at the rate they are sent. */
const LOOK_UPS_PER_S = 200;

/** The registry's tables are not there yet: its service has not started for the first time. */
const UNDEFINED_TABLE = '42P01';

const READ_THROUGH = {
  name: 'gateway:read-through',
  text: 'select * from registry.routes where trigger_id = $1',
};

/**
 * Finds the route of a trigger: from memory, and on a miss from the registry's view (DESIGN.md §3), so that a trigger
 * works the instant it was created. Misses are negative-cached and rate-capped.
 */
@Injectable()
export class Router {
  readonly #unknownUntil = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Route | null>>();
  #windowStart = 0;
  #asked = 0;

  constructor(
    private readonly table: RouteTable,
    @InjectPool('gateway') private readonly pool: Pool,
  ) {}

  /** The route, null when there is no such trigger, or a promise of either when the registry has to be asked. */
  find(triggerId: string): Route | null | Promise<Route | null> {
    const route = this.table.get(triggerId);
    if (route !== undefined) return route;
    return isUuid(triggerId) ? this.#findElsewhere(triggerId.toLowerCase()) : null;
  }

  #findElsewhere(triggerId: string): Route | null | Promise<Route | null> {
    const route = this.table.get(triggerId);
    if (route !== undefined) return route;
    const now = Date.now();
    const unknownUntil = this.#unknownUntil.get(triggerId);
    if (unknownUntil !== undefined && unknownUntil > now) return null;
    let asking = this.#asking.get(triggerId);
    if (asking === undefined) {
      this.#count(now);
      asking = this.#ask(triggerId).finally(() => this.#asking.delete(triggerId));
      this.#asking.set(triggerId, asking);
    }
    return asking;
  }

  #count(now: number): void {
    if (now - this.#windowStart >= 1_000) {
      this.#windowStart = now;
      this.#asked = 0;
    }
    if (++this.#asked > LOOK_UPS_PER_S) {
      throw gatewayError('routing_busy', 'Too many unknown trigger ids are being looked up; try again.');
    }
  }

  async #ask(triggerId: string): Promise<Route | null> {
    const row = await this.#read(triggerId);
    if (row) return { trigger: triggerOf(row), flow: flowOf(row) };
    if (this.#unknownUntil.size >= MAX_NEGATIVES) this.#unknownUntil.clear();
    this.#unknownUntil.set(triggerId, Date.now() + NEGATIVE_MS);
    return null;
  }

  async #read(triggerId: string): Promise<Record<string, unknown> | undefined> {
    try {
      const { rows } = await this.pool.query<Record<string, unknown>>({ ...READ_THROUGH, values: [triggerId] });
      return rows[0];
    } catch (error) {
      if (!isTransientError(error) && (error as { code?: unknown }).code !== UNDEFINED_TABLE) throw error;
      // Not 404: nobody knows now whether the trigger exists, and a sender gives up for good on a 404.
      throw gatewayError('store_unavailable', 'The trigger cannot be looked up now; try again.', { cause: error });
    }
  }
}
