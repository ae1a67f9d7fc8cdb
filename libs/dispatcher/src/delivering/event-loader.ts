import { Injectable } from '@nestjs/common';
import type { DomainEventRecorded, SentEvent } from '@sluice/contracts';
import type { EventMeta } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';

export interface LoadedEvent {
  event: SentEvent;
  appId: string | null;
  meta: EventMeta;
}

export interface WholeEvent extends LoadedEvent {
  event: DomainEventRecorded;
}

interface EventRow {
  stream_id: string;
  app_id: string | null;
  data: string;
  meta: string;
}

interface Waiter {
  resolve(event: LoadedEvent | null): void;
  reject(error: unknown): void;
}

const CACHED = 200;
/** A join per id, so that each id looks into its own partition; `any(…)` would look into all of them. */
const SQL = `select e.stream_id, e.app_id, e.data, e.meta from unnest($1::uuid[]) as w(id)
  cross join lateral (
    select stream_id, app_id, data, meta from dispatcher.events where stream_id = w.id and version = 1 offset 0
  ) e`;

/** Recorded events for deliveries that come from the due-queue: one query for all that are asked for in one moment. */
@Injectable()
export class EventLoader {
  readonly #cache = new Map<string, LoadedEvent>();
  #waiters = new Map<string, Waiter[]>();

  constructor(@InjectPool('dispatcher') private readonly pool: Pool) {}

  /** Null when it does not exist (any more). @throws what the database throws */
  load(eventId: string): Promise<LoadedEvent | null> {
    const known = this.#cache.get(eventId);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      if (this.#waiters.size === 0) setImmediate(() => void this.#fetch());
      const waiters = this.#waiters.get(eventId) ?? [];
      waiters.push({ resolve, reject });
      this.#waiters.set(eventId, waiters);
    });
  }

  /** With the list of their deliveries; in the order of the ids, without what does not exist (any more). */
  async whole(eventIds: readonly string[]): Promise<WholeEvent[]> {
    const { rows } = await this.pool.query<EventRow>(SQL, [eventIds]);
    const found = new Map(rows.map((row) => [row.stream_id, wholeOf(row)]));
    return eventIds.flatMap((id) => found.get(id) ?? []);
  }

  async #fetch(): Promise<void> {
    const waiters = this.#waiters;
    this.#waiters = new Map();
    try {
      // Not prepared: a plan kept from when a partition was empty would read all of it later.
      const { rows } = await this.pool.query<EventRow>(SQL, [[...waiters.keys()]]);
      for (const row of rows) this.#remember(row);
      for (const [eventId, list] of waiters) {
        for (const waiter of list) waiter.resolve(this.#cache.get(eventId) ?? null);
      }
      this.#forget();
    } catch (error) {
      for (const list of waiters.values()) for (const waiter of list) waiter.reject(error);
    }
  }

  #remember(row: EventRow): void {
    const { event, ...loaded } = wholeOf(row);
    const { deliveries: _, ...own } = event;
    this.#cache.set(row.stream_id, { event: own, ...loaded });
  }

  #forget(): void {
    for (const eventId of this.#cache.keys()) {
      if (this.#cache.size <= CACHED) return;
      this.#cache.delete(eventId);
    }
  }
}

function wholeOf(row: EventRow): WholeEvent {
  return {
    event: JSON.parse(row.data) as DomainEventRecorded,
    appId: row.app_id,
    meta: JSON.parse(row.meta) as EventMeta,
  };
}
