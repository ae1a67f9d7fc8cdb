import { Inject, Injectable } from '@nestjs/common';
import { type AttemptFinished, type DispatcherEvents, isUuid } from '@sluice/contracts';
import { AlongsideConflictError, type EventStorePort, type StoredEvent } from '@sluice/event-store';
import { InjectStore } from '@sluice/platform';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { dispatcherError } from '../dispatcher.errors.ts';
import { OrderingKeys } from '../matching/ordering-keys.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { dueKeyOf, endpointOf, isOrdered } from './delivery-key.rules.ts';
import { DispatcherDueQueue, type DuePayload } from './dispatcher-due-queue.ts';
import { EventLoader } from './event-loader.ts';

/**
 * What a person asks for: of a delivery that has ended a new round of attempts with the same ids, of one that waits for
 * its next attempt that attempt now. It takes its place in the schedule, so a delivery is never tried more often for it.
 */
@Injectable()
export class DeliveryRetrier {
  constructor(
    @InjectStore('dispatcher') private readonly store: EventStorePort,
    @Inject(DispatcherDueQueue) private readonly queue: DispatcherDueQueue,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(OrderingKeys) private readonly orderingKeys: OrderingKeys,
    @Inject(EventLoader) private readonly loader: EventLoader,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  /**
   * Durable when it resolves; the attempt follows at once.
   * @param sees whether things of that app exist for the caller.
   * @throws AppError `unknown_delivery`, `delivery_pending`, `endpoint_gone`
   */
  async retry(deliveryId: string, sees: (appId: string | null) => boolean): Promise<void> {
    if (!isUuid(deliveryId)) throw this.#unknown(deliveryId);
    const events = await this.store.read(deliveryId);
    const last = events.at(-1);
    if (!last) return this.#first(deliveryId.toLowerCase(), sees);
    if (!isOfDelivery(last) || !sees(last.appId)) throw this.#unknown(deliveryId);
    const { eventId, endpointUuid } = last.data as Pick<AttemptFinished, 'eventId' | 'endpointUuid'>;
    const endpoint = this.endpoints.find(endpointUuid);
    if (last.type === 'AttemptFinished' && (last.data as AttemptFinished).outcome === 'retry') {
      if (!endpoint?.enabled) throw this.#gone();
      if (await this.queue.sendNow(deliveryId.toLowerCase())) return;
      throw dispatcherError('delivery_pending', 'An attempt of this delivery is under way.');
    }
    const loaded = await this.loader.load(eventId);
    if (!endpoint?.enabled || !loaded) {
      throw this.#gone();
    }
    const number = events.filter((event) => event.type === 'AttemptFinished').length;
    const replayId = events.map((event) => (event.data as AttemptFinished).replayId).find(Boolean);
    const replayed = replayId ? { replayId } : {};
    const payload: DuePayload = { eventId, number, version: last.version, tries: 0, ...replayed };
    // In an order it comes last: what was behind it has gone out since.
    const key = dueKeyOf(endpointUuid, this.orderingKeys.of(endpoint, loaded.event));
    const row = { id: deliveryId.toLowerCase(), key, dueAt: new Date(this.config.now()), payload };
    try {
      await this.store.commit({ appends: [], alongside: this.queue.plan([row]) });
    } catch (error) {
      if (!(error instanceof AlongsideConflictError)) throw error;
      throw dispatcherError('delivery_pending', 'This delivery is being retried already.', { cause: error });
    }
  }

  /** Of a delivery that no attempt has ended of yet: the one that it waits for. */
  async #first(deliveryId: string, sees: (appId: string | null) => boolean): Promise<void> {
    const waiting = await this.queue.waiting(deliveryId);
    const loaded = waiting && (await this.loader.load(waiting.payload.eventId));
    if (!waiting || !loaded || !sees(loaded.appId)) throw this.#unknown(deliveryId);
    if (!this.endpoints.find(endpointOf(waiting.key))?.enabled) throw this.#gone();
    if (isOrdered(waiting.key)) {
      throw dispatcherError('delivery_pending', 'This delivery waits for its turn in its order.');
    }
    if (await this.queue.sendNow(deliveryId)) return;
    throw dispatcherError('delivery_pending', 'An attempt of this delivery is under way.');
  }

  #gone(): Error {
    return dispatcherError('endpoint_gone', 'The endpoint of this delivery was deleted or is disabled.');
  }

  #unknown(deliveryId: string): Error {
    return dispatcherError(
      'unknown_delivery',
      `There is no delivery of an event ${deliveryId.slice(0, 100)} (a flow’s call is made again with its run).`,
    );
  }
}

/** Streams of domain events are in the same table. */
function isOfDelivery(event: StoredEvent): boolean {
  const types: readonly string[] = ['AttemptFinished', 'DeliveryDiscarded'] satisfies (keyof DispatcherEvents)[];
  return types.includes(event.type);
}
