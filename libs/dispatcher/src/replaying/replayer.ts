import { Inject, Injectable, Logger } from '@nestjs/common';
import type { DomainEventRecorded, EndpointState } from '@sluice/contracts';
import { compileFilter, covers, EventTemplateError, eventScope } from '@sluice/endpoints';
import type { Claim, DueItem } from '@sluice/due-queue';
import type { EventStorePort } from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import type { Pool, PoolClient } from 'pg';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { dueKeyOf } from '../delivering/delivery-key.rules.ts';
import { DispatcherDueQueue, type DuePayload } from '../delivering/dispatcher-due-queue.ts';
import { EventLoader, type WholeEvent } from '../delivering/event-loader.ts';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { OrderingKeys } from '../matching/ordering-keys.ts';
import { DeliveryOutcomes, outcomeKey } from './delivery-outcomes.ts';
import type { ReplayJob, ReplayQuery } from './replay.ts';
import { type Candidate, idRangeOf, replayedId, targetsOf } from './replay.rules.ts';

const log = new Logger('dispatcher.replays');

interface ReplayRow {
  app_id: string;
  query: string;
  state: string;
  cursor: string | null;
  created_at: Date;
}

/** Streams looked at in one step, of whichever kind, and deliveries planned by it. */
const STREAMS_PER_STEP = 2000;
const DELIVERIES_PER_STEP = 1000;
/** After about which a replay asks again whether it is its turn. */
const TURN_MS = 200;

/** A part of a replay: events in the order in which they were accepted, and where the next part begins. */
interface Part {
  events: WholeEvent[];
  /** Events of the app that were looked at. */
  scanned: number;
  /** Null: there is no further one. */
  cursor: string | null;
}

/**
 * DL-06: plans the deliveries of a replay, part by part, from its row of the due-queue. Each part commits its deliveries,
 * how far it has come, and its own next turn together: so it survives anything, and repeats nothing.
 */
@Injectable()
export class Replayer {
  /** One part at a time: each holds a connection of the pool that it needs others of. */
  #isPlanning = false;

  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    @InjectStore('dispatcher') private readonly store: EventStorePort,
    @Inject(DispatcherDueQueue) private readonly queue: DispatcherDueQueue,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(OrderingKeys) private readonly orderingKeys: OrderingKeys,
    @Inject(EventLoader) private readonly loader: EventLoader,
    @Inject(DeliveryOutcomes) private readonly outcomes: DeliveryOutcomes,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  /** @throws what the database throws: the part is made again when the claim's lease ends. */
  async step(claim: Claim): Promise<void> {
    const { replayId } = claim.payload as ReplayJob;
    const { rows } = await this.pool.query<ReplayRow>(
      'select app_id, query, state, cursor, created_at from dispatcher.replays where id = $1',
      [replayId],
    );
    const [row] = rows;
    if (row?.state !== 'running') {
      await this.store.commit({ appends: [], alongside: [this.queue.complete([claim])] });
      return;
    }
    if (this.#isPlanning) return this.#later(claim);
    this.#isPlanning = true;
    try {
      await this.#alone(row.app_id, claim, () => this.#plan(claim, replayId, row));
    } finally {
      this.#isPlanning = false;
    }
  }

  /**
   * One at a time of an app, in all processes: two that looked at the same events at once would not see what the other is
   * about to plan. The one that comes second tries again in a moment.
   */
  async #alone(appId: string, claim: Claim, work: () => Promise<void>): Promise<void> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      const key = [`replays of ${appId}`];
      const { rows } = await client.query<{ mine: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as mine',
        key,
      );
      if (rows[0]?.mine !== true) return await this.#later(claim);
      await work();
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', key);
    } catch (error) {
      // With the connection goes the lock.
      failure = error as Error;
      throw error;
    } finally {
      client.release(failure);
    }
  }

  async #later(claim: Claim): Promise<void> {
    const dueAt = new Date(this.config.now() + TURN_MS * (0.5 + Math.random()));
    await this.store.commit({ appends: [], alongside: [this.queue.reschedule([{ claim, dueAt }])] });
  }

  async #plan(claim: Claim, replayId: string, row: ReplayRow): Promise<void> {
    const query = JSON.parse(row.query) as ReplayQuery;
    const part = query.eventIds ? await this.#listed(query.eventIds, query, row) : await this.#scanned(query, row);
    const items = await this.#itemsOf(part.events, query, row.app_id, replayId);
    await this.#commit(claim, replayId, part, items);
    if (part.cursor === null) log.log(`replay ${replayId} has planned everything`);
  }

  async #commit(claim: Claim, replayId: string, part: Part, items: DueItem[]): Promise<void> {
    const next =
      part.cursor === null
        ? this.queue.complete([claim])
        : this.queue.reschedule([{ claim, dueAt: new Date(this.config.now()) }]);
    await this.store.commit({
      appends: [],
      alongside: [...(items.length > 0 ? this.queue.plan(items) : []), next],
      alone: async (client: PoolClient) => {
        await client.query(
          `update dispatcher.replays set cursor = $2, scanned = scanned + $3, planned = planned + $4,
             state = case when $2::text is null and state = 'running' then 'finished' else state end,
             finished_at = case when $2::text is null then now() else finished_at end
           where id = $1`,
          [replayId, part.cursor, part.scanned, items.length],
        );
      },
    });
  }

  async #listed(ids: readonly string[], query: ReplayQuery, row: ReplayRow): Promise<Part> {
    const from = Number(row.cursor ?? 0);
    const most = from + DELIVERIES_PER_STEP / 10;
    const { after, before } = idRangeOf(query, null, row.created_at.getTime());
    const loaded = await this.#loaded(ids.slice(from, most), row.app_id);
    const isWanted = wantedBy(query);
    const events = loaded.filter(({ event }) => event.eventId > after && event.eventId < before && isWanted(event));
    return { events, scanned: loaded.length, cursor: most < ids.length ? String(most) : null };
  }

  async #scanned(query: ReplayQuery, row: ReplayRow): Promise<Part> {
    const { after, before } = idRangeOf(query, row.cursor, row.created_at.getTime());
    // Not prepared: a plan kept from when a partition was empty would read all of it later.
    const { rows } = await this.pool.query<{ stream_id: string; type: string; app_id: string | null }>(
      `select stream_id, type, app_id from dispatcher.events
       where stream_id > $1 and stream_id < $2 and version = 1 order by stream_id limit ${STREAMS_PER_STEP}`,
      [after, before],
    );
    const mine = rows.filter((each) => each.type === 'DomainEventRecorded' && each.app_id === row.app_id);
    const targets = Math.max(1, this.#endpointsOf(query, row.app_id).length);
    const most = Math.max(1, Math.floor(DELIVERIES_PER_STEP / targets));
    const taken = mine.slice(0, most);
    const ids = taken.map((each) => each.stream_id);
    const isWanted = wantedBy(query);
    const events = (await this.#loaded(ids, row.app_id)).filter(({ event }) => isWanted(event));
    const isCut = mine.length > taken.length;
    const last = isCut ? taken.at(-1) : rows.length < STREAMS_PER_STEP ? undefined : rows.at(-1);
    return { events, scanned: taken.length, cursor: last?.stream_id ?? null };
  }

  async #loaded(ids: readonly string[], appId: string): Promise<WholeEvent[]> {
    const loaded = await this.loader.whole(ids.map((id) => id.toLowerCase()));
    return loaded.filter((each) => each.appId === appId);
  }

  #endpointsOf(query: ReplayQuery, appId: string): EndpointState[] {
    if (query.endpointUuid === null) return this.endpoints.ofApp(appId).filter((endpoint) => endpoint.enabled);
    const one = this.endpoints.find(query.endpointUuid);
    return one ? [one] : [];
  }

  async #itemsOf(
    events: readonly WholeEvent[],
    query: ReplayQuery,
    appId: string,
    replayId: string,
  ): Promise<DueItem[]> {
    const endpoints = this.#endpointsOf(query, appId);
    const became = await this.outcomes.of(events.map(({ event }) => event.eventId));
    const items: DueItem[] = [];
    for (const { event } of events) {
      const subscribed = new Set(this.endpoints.subscribersOf(appId, event).map((endpoint) => endpoint.uuid));
      const planned = new Set(event.deliveries.map((each) => each.endpointUuid));
      const candidates = endpoints.flatMap((endpoint): Candidate[] => {
        const now = became.get(outcomeKey(event.eventId, endpoint.uuid));
        if (now || planned.has(endpoint.uuid)) return [{ endpoint, became: now ?? 'pending' }];
        // Never for it: it is now when the endpoint subscribes to it, or when somebody named both.
        const isNamed = query.eventIds !== null && query.endpointUuid !== null;
        return isNamed || subscribed.has(endpoint.uuid) ? [{ endpoint, became: 'missing' }] : [];
      });
      for (const endpoint of targetsOf(candidates, query)) {
        const payload: DuePayload = { eventId: event.eventId, number: 0, version: 0, tries: 0, replayId };
        items.push({
          id: replayedId(event, endpoint.uuid, replayId),
          key: dueKeyOf(endpoint.uuid, this.orderingKeys.of(endpoint, event)),
          dueAt: new Date(this.config.now()),
          payload,
        });
      }
    }
    return items;
  }
}

/** Whether an event is one of those that the replay names. An event on which its filter fails is not. */
function wantedBy(query: ReplayQuery): (event: DomainEventRecorded) => boolean {
  const filter = query.filter === null ? null : compileFilter(query.filter);
  return (event) => {
    if (query.eventTypes !== null && !query.eventTypes.some((pattern) => covers(pattern, event.type))) return false;
    try {
      return filter === null || filter.passes(eventScope(event));
    } catch (error) {
      if (error instanceof EventTemplateError) return false;
      throw error;
    }
  };
}
