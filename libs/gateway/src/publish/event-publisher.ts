import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type CloudEvent, newId } from '@sluice/contracts';
import {
  AlongsideConflictError,
  type AlongsideStatement,
  type EventMeta,
  type EventStorePort,
  TransientError,
} from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';

/** Which (app, source, id) were taken in already. */
export const PUBLISHED_TABLE_SQL = `create table gateway.published_events (
  key bytea primary key, stream_id uuid not null, accepted_at timestamptz not null default now())`;

const REMEMBER: AlongsideStatement = {
  name: 'gateway_published',
  columns: ['bytea', 'uuid'],
  sql: (arrays) =>
    `insert into gateway.published_events (key, stream_id) select * from unnest(${arrays.join(', ')}) as r(key, stream_id)`,
};

const KNOWN_SQL = {
  name: 'gateway:published',
  text: `select encode(key, 'hex') as key from gateway.published_events where key = any($1::bytea[])`,
};

/** Each further try sees what the winner of a race committed, so a few are plenty. */
const MAX_TRIES = 5;

export interface PublishResult {
  accepted: number;
  duplicates: number;
}

/** Takes CloudEvents in, each (app, source, id) once, all of a request or none (GW-09). */
@Injectable()
export class EventPublisher {
  constructor(
    @InjectStore('gateway') private readonly store: EventStorePort,
    @InjectPool('gateway') private readonly pool: Pool,
  ) {}

  /**
   * Resolves once all new events are committed.
   * @throws a transient error when the store is away; the same request may be sent again.
   */
  async publish(
    appId: string,
    events: readonly CloudEvent[],
    meta: Omit<EventMeta, 'correlationId'>,
  ): Promise<PublishResult> {
    const byKey = new Map<string, CloudEvent>();
    for (const event of events) {
      const key = keyOf(appId, event);
      if (!byKey.has(key)) byKey.set(key, event);
    }
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const known = await this.#known([...byKey.keys()]);
      const fresh = [...byKey].filter(([key]) => !known.has(key));
      const result = { accepted: fresh.length, duplicates: events.length - fresh.length };
      if (fresh.length === 0 || (await this.#commit(appId, fresh, meta))) return result;
    }
    throw new TransientError('the same events are being published by others at this moment');
  }

  async #known(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const values = [keys.map((key) => Buffer.from(key, 'hex'))];
    const { rows } = await this.pool.query<{ key: string }>({ ...KNOWN_SQL, values });
    return new Set(rows.map((row) => row.key));
  }

  /** False when somebody else has just published one of them. */
  async #commit(
    appId: string,
    fresh: readonly (readonly [string, CloudEvent])[],
    meta: Omit<EventMeta, 'correlationId'>,
  ): Promise<boolean> {
    const rows = fresh.map(([key, cloudEvent]) => ({ key, cloudEvent, id: newId() }));
    try {
      await this.store.commit({
        appends: rows.map(({ id, cloudEvent }) => ({
          streamId: id,
          expectedVersion: 0,
          events: [{ type: 'EventPublished', appId, data: { cloudEvent }, meta: { ...meta, correlationId: id } }],
        })),
        alongside: [{ statement: REMEMBER, rows: rows.map(({ key, id }) => [Buffer.from(key, 'hex'), id]) }],
      });
      return true;
    } catch (error) {
      if (error instanceof AlongsideConflictError) return false;
      throw error;
    }
  }
}

/** Hex of SHA-256 over app, source and id: a key of fixed size, whatever the producer calls its events. */
function keyOf(appId: string, event: CloudEvent): string {
  return createHash('sha256')
    .update(JSON.stringify([appId, event.source, event.id]))
    .digest('hex');
}
