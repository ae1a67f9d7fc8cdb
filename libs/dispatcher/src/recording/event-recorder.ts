import { Inject, Injectable } from '@nestjs/common';
import type { EventBatch } from '@sluice/bus';
import { derivedId } from '@sluice/contracts';
import {
  AlongsideConflictError,
  type AlongsideStatement,
  type CommitUnit,
  type EventStorePort,
  type StreamAppend,
  TransientError,
  VersionConflictError,
} from '@sluice/event-store';
import { startWork, type TracedWork } from '@sluice/observability';
import { failpoint, InjectPool, InjectStore, metrics } from '@sluice/platform';
import type { Pool, PoolClient } from 'pg';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { DeliveryStarter } from '../delivering/delivery-starter.ts';
import type { PlannedDelivery } from '../delivering/planned-delivery.ts';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { OrderingKeys } from '../matching/ordering-keys.ts';
import type { ReceivedEvent } from './received-event.ts';
import { recordingOf } from './recorded-event.ts';

const REMEMBER_KEYS: AlongsideStatement = {
  name: 'dispatcher_event_keys',
  columns: ['uuid', 'bytea', 'uuid'],
  sql: (arrays) =>
    `insert into dispatcher.event_keys (app_id, key, event_id) select * from unnest(${arrays.join(', ')})`,
};

/** Each further try sees what the winner of a race committed. */
const MAX_TRIES = 5;
const recordedTotal = metrics.counter(
  'sluice_domain_events_recorded_total',
  'Domain events recorded by the dispatcher',
);
const plannedTotal = metrics.counter('sluice_deliveries_planned_total', 'Deliveries planned by the dispatcher');

/** An event and whom it goes to. */
interface Matched {
  event: ReceivedEvent;
  work: TracedWork;
  append: StreamAppend;
  deliveries: PlannedDelivery[];
}

/** The one door for domain events: what comes in is recorded once, matched, and its deliveries are planned with it. */
@Injectable()
export class EventRecorder {
  constructor(
    @InjectStore('dispatcher') private readonly store: EventStorePort,
    @InjectPool('dispatcher') private readonly pool: Pool,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(DeliveryStarter) private readonly starter: DeliveryStarter,
    @Inject(OrderingKeys) private readonly orderingKeys: OrderingKeys,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  /**
   * Records events with the batch's checkpoint, then starts their deliveries. Events known already are dropped.
   * @param judge is called with each event that is new; what it throws keeps the whole batch out.
   */
  async record(
    received: readonly ReceivedEvent[],
    batch: Pick<EventBatch<unknown>, 'checkpoint'>,
    judge?: (event: ReceivedEvent) => void,
  ): Promise<void> {
    const known = new Set<string>();
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const fresh = await this.#fresh(received, known);
      if (judge) for (const event of fresh) judge(event);
      try {
        await this.#commit(fresh, { alongside: [batch.checkpoint.alongside()] });
        return;
      } catch (error) {
        if (!(await this.#learn(error, fresh, known))) throw error;
      }
    }
    throw new TransientError('the same events are being recorded by others at this moment');
  }

  /** Records events of the dispatcher itself; `alone` is free SQL of the same transaction. */
  async recordOwn(events: readonly ReceivedEvent[], alone?: (client: PoolClient) => Promise<void>): Promise<void> {
    await this.#commit(events, alone ? { alone } : {});
  }

  /** Leaves out what is known, and what the batch itself holds twice. */
  async #fresh(received: readonly ReceivedEvent[], known: ReadonlySet<string>): Promise<ReceivedEvent[]> {
    const keyed = received.filter((event) => event.dedupeKey !== null);
    const taken = keyed.length === 0 ? new Set<string>() : await this.#takenKeys(keyed);
    const seen = new Set<string>();
    return received.filter((event) => {
      const name = event.dedupeKey === null ? event.eventId : `${event.appId}/${event.dedupeKey.toString('hex')}`;
      if (seen.has(name) || known.has(event.eventId) || taken.has(name)) return false;
      seen.add(name);
      return true;
    });
  }

  async #takenKeys(events: readonly ReceivedEvent[]): Promise<Set<string>> {
    // Not prepared: a plan kept from when the table was empty would read all of it later.
    const { rows } = await this.pool.query<{ name: string }>({
      text: `select k.app_id || '/' || encode(k.key, 'hex') as name from dispatcher.event_keys k
        join unnest($1::uuid[], $2::bytea[]) as w(app_id, key) on w.app_id = k.app_id and w.key = k.key`,
      values: [events.map((event) => event.appId), events.map((event) => event.dedupeKey)],
    });
    return new Set(rows.map((row) => row.name));
  }

  /**
   * In one commit, unless the events go to very many endpoints. What is to be committed with them goes with the last ones:
   * after a crash in between the events come again, and those that are recorded are known.
   */
  async #commit(events: readonly ReceivedEvent[], more: Pick<CommitUnit, 'alongside' | 'alone'>): Promise<void> {
    let matched: Matched[] = [];
    let count = 0;
    for (const event of events) {
      const work = startWork('dispatcher.record', {
        parent: event.traceparent,
        kind: 'consumer',
        attributes: { 'event.type': event.type },
      });
      const each = { event, work, ...this.#match(event, work.traceparent) };
      if (count > 0 && count + each.deliveries.length > this.config.mostPlannedAtOnce) {
        await this.#commitTogether(matched, {});
        matched = [];
        count = 0;
      }
      matched.push(each);
      count += each.deliveries.length;
    }
    await this.#commitTogether(matched, more);
  }

  async #commitTogether(matched: readonly Matched[], more: Pick<CommitUnit, 'alongside' | 'alone'>): Promise<void> {
    const planned = matched.flatMap((each) => each.deliveries);
    const plan = this.starter.plan(planned);
    const keys = matched
      .filter(({ event }) => event.dedupeKey !== null)
      .map(({ event }) => [event.appId, event.dedupeKey, event.eventId]);
    failpoint('dispatcher.before-record');
    const unit = {
      appends: matched.map((each) => each.append),
      alongside: [
        ...(more.alongside ?? []),
        ...plan.alongside,
        ...(keys.length > 0 ? [{ statement: REMEMBER_KEYS, rows: keys }] : []),
      ],
      ...(more.alone ? { alone: more.alone } : {}),
    };
    try {
      await this.store.commit(unit);
    } catch (error) {
      for (const { work } of matched) work.end(error);
      throw error;
    }
    failpoint('dispatcher.after-record');
    for (const { work } of matched) work.end();
    recordedTotal.inc(matched.length);
    plannedTotal.inc(planned.length);
    plan.begin();
  }

  #match(
    event: ReceivedEvent,
    traceparent: string | undefined,
  ): { append: StreamAppend; deliveries: PlannedDelivery[] } {
    const subscribers = event.targets
      ? this.endpoints.namedOf(event.appId, event.targets, event)
      : this.endpoints.subscribersOf(event.appId, event);
    const targets = subscribers.map((endpoint) => ({
      endpoint,
      deliveryId: derivedId('delivery', event.eventId, endpoint.uuid),
    }));
    const { append, recorded, meta } = recordingOf(event, targets, traceparent);
    return {
      append,
      deliveries: targets.map(({ endpoint, deliveryId }) => ({
        deliveryId,
        appId: event.appId,
        event: recorded,
        endpoint,
        orderingKey: this.orderingKeys.of(endpoint, recorded),
        meta,
      })),
    };
  }

  /** After a conflict: notes which events exist already. False when the failure was something else. */
  async #learn(error: unknown, events: readonly ReceivedEvent[], known: Set<string>): Promise<boolean> {
    if (error instanceof AlongsideConflictError) return error.constraint === 'event_keys_pkey';
    if (!(error instanceof VersionConflictError)) return false;
    const before = known.size;
    for (const event of events) {
      if ((await this.store.read(event.eventId)).length > 0) known.add(event.eventId);
    }
    return known.size > before;
  }
}
