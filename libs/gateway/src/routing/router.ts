import { Injectable } from '@nestjs/common';
import { isUuid } from '@sluice/contracts';
import { isTransientError } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { gatewayError } from '../gateway.errors.ts';
import { flowOf, NO_FLOW, type Route, triggerOf } from './route.ts';
import { RouteTable } from './route-table.ts';

/** How long an id that the registry does not know stays unknown without being asked for again. */
const NEGATIVE_MS = 1_000;
const MAX_NEGATIVES = 10_000;
/** Look-ups per second, whatever arrives: random ids must not reach the registry's tables at the rate they are sent. */
const LOOK_UPS_PER_S = 200;

/** The registry's tables are not there yet: its service has not started for the first time. */
const UNDEFINED_TABLE = '42P01';

/** What a caller names: a trigger, or the flow whose one trigger of profile `flow` is meant. */
interface Lookup {
  get(table: RouteTable, id: string): Route | undefined;
  readThrough: { name: string; text: string };
}

const BY_TRIGGER: Lookup = {
  get: (table, id) => table.get(id),
  readThrough: { name: 'gateway:read-through', text: 'select * from registry.routes where trigger_id = $1' },
};

const BY_FLOW: Lookup = {
  get: (table, id) => table.getOfFlow(id),
  readThrough: {
    name: 'gateway:read-through-of-flow',
    text: `select * from registry.routes where flow_id = $1 and profile = 'flow'`,
  },
};

/** Whether trigger and flow are known; the flow of a listener's name may just have been made. */
function isWhole(route: Route | null | undefined): route is Route {
  if (route === null || route === undefined) return false;
  return route.flow !== NO_FLOW || route.trigger.forwardTo !== null;
}

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
    return this.#find(BY_TRIGGER, triggerId);
  }

  /** The same for the trigger of profile `flow` that a flow has (LC-01). */
  findOfFlow(flowId: string): Route | null | Promise<Route | null> {
    return this.#find(BY_FLOW, flowId);
  }

  #find(lookup: Lookup, id: string): Route | null | Promise<Route | null> {
    const route = lookup.get(this.table, id);
    if (isWhole(route)) return route;
    return isUuid(id) ? this.#findElsewhere(lookup, id.toLowerCase()) : null;
  }

  #findElsewhere(lookup: Lookup, id: string): Route | null | Promise<Route | null> {
    const route = lookup.get(this.table, id);
    if (isWhole(route)) return route;
    const now = Date.now();
    const key = `${lookup.readThrough.name} ${id}`;
    const unknownUntil = this.#unknownUntil.get(key);
    if (unknownUntil !== undefined && unknownUntil > now) return route ?? null;
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      this.#count(now);
      asking = this.#ask(lookup, id, key).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
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

  async #ask(lookup: Lookup, id: string, key: string): Promise<Route | null> {
    const row = await this.#read(lookup, id);
    const known = lookup.get(this.table, id) ?? null;
    const route = row ? { trigger: triggerOf(row), flow: row.flow_id === null ? NO_FLOW : flowOf(row) } : known;
    // A trigger that is known here and whose listener nobody has is not asked for at every request either.
    if (route !== null && (isWhole(route) || known === null)) return route;
    if (this.#unknownUntil.size >= MAX_NEGATIVES) this.#unknownUntil.clear();
    this.#unknownUntil.set(key, Date.now() + NEGATIVE_MS);
    return route;
  }

  async #read({ readThrough }: Lookup, id: string): Promise<Record<string, unknown> | undefined> {
    try {
      const { rows } = await this.pool.query<Record<string, unknown>>({ ...readThrough, values: [id] });
      return rows[0];
    } catch (error) {
      if (!isTransientError(error) && (error as { code?: unknown }).code !== UNDEFINED_TABLE) throw error;
      // Not 404: nobody knows now whether the trigger exists, and a sender gives up for good on a 404.
      throw gatewayError('store_unavailable', 'The trigger cannot be looked up now; try again.', { cause: error });
    }
  }
}
