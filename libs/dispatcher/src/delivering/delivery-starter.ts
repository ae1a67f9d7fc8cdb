import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Claim, DueItem } from '@sluice/due-queue';
import { metrics } from '@sluice/platform';
import { DeliveringConfig } from './delivering.config.ts';
import { entityJson } from './delivery-body.rules.ts';
import { dueKeyOf, endpointOf } from './delivery-key.rules.ts';
import { DeliverySender } from './delivery-sender.ts';
import type { Delivery } from './delivery.ts';
import { DispatcherDueQueue, type DuePayload } from './dispatcher-due-queue.ts';
import { EndpointGate } from './endpoint-gate.ts';
import type { DeliveryPlan, DeliveryPlanner, PlannedDelivery } from './planned-delivery.ts';
import { delayBeforeMs } from './retry-schedule.ts';
import { SendLanes } from './send-lanes.ts';

const log = new Logger('dispatcher.deliveries');

/**
 * First attempts straight from memory. A delivery whose endpoint has enough waiting here already, is another process's,
 * is paused, or wants an order, gets a row that is free and due at once; the due worker of the endpoint's owner comes to
 * it when there is room. So the consumer is never held up, and memory is bounded, whatever an endpoint does.
 */
@Injectable()
export class DeliveryStarter implements DeliveryPlanner {
  readonly lanes: SendLanes;
  #back: Claim[] = [];
  #stopped = false;
  /** Rows of the same moment keep their order by number, which a clock that is set back would not. */
  #lastDueMs = 0;
  readonly #trimming: NodeJS.Timeout;
  /** Attempts that are under way or not recorded yet. */
  #unrecorded = 0;
  #onRecorded: () => void = () => undefined;

  constructor(
    @Inject(DispatcherDueQueue) private readonly queue: DispatcherDueQueue,
    @Inject(DeliverySender) private readonly sender: DeliverySender,
    @Inject(EndpointGate) private readonly gate: EndpointGate,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {
    this.lanes = new SendLanes({ maxInFlight: config.maxInFlight });
    const { lanes } = this;
    this.#trimming = setInterval(() => lanes.trim(config.waitingPerConcurrency), config.trimMs).unref();
    metrics.gauge('sluice_deliveries_in_flight', 'Attempts under way', [], (gauge) => gauge.set(lanes.inFlight));
    metrics.gauge('sluice_deliveries_waiting', 'Deliveries that wait in memory', [], (gauge) =>
      gauge.set(lanes.waiting),
    );
  }

  plan(deliveries: readonly PlannedDelivery[], committedAfterMs: number = performance.now()): DeliveryPlan {
    if (deliveries.length === 0) return { alongside: [], begin: () => undefined };
    const room = new Room(this.lanes, this.config);
    const items = deliveries.map((delivery): DueItem => this.#itemOf(delivery, room));
    return {
      alongside: this.queue.plan(items),
      begin: () => this.#begin(deliveries, items, committedAfterMs),
    };
  }

  #itemOf(delivery: PlannedDelivery, room: Room): DueItem {
    const { deliveryId: id, endpoint, event, orderingKey } = delivery;
    this.#lastDueMs = Math.max(this.#lastDueMs, this.config.now());
    const dueMs = this.#lastDueMs;
    const key = dueKeyOf(endpoint.uuid, orderingKey);
    const delayMs = delayBeforeMs(endpoint.retrySchedule, 0, 0) ?? 0;
    const payload: DuePayload = { eventId: event.eventId, number: 0, version: 0, tries: 0 };
    if (orderingKey !== null) {
      const waits = delayMs === 0 ? {} : { notBeforeMs: dueMs + delayMs };
      return { id, key, dueAt: new Date(dueMs), leased: false, payload: { ...payload, ...waits } };
    }
    const leased = delayMs === 0 && this.gate.isOpen(endpoint.uuid) && room.take(delivery);
    return { id, key, dueAt: new Date(dueMs + delayMs), leased, payload };
  }

  #begin(deliveries: readonly PlannedDelivery[], items: readonly DueItem[], committedAfterMs: number): void {
    const leased = items.filter((item) => item.leased);
    const claims = new Map(this.queue.adopt(leased, committedAfterMs).map((claim) => [claim.id, claim]));
    for (const planned of deliveries) {
      const claim = claims.get(planned.deliveryId);
      if (!claim) continue;
      const { deliveryId, appId, event, meta, endpoint } = planned;
      this.start(
        { deliveryId, appId, endpointUuid: endpoint.uuid, event, meta, claim, number: 0, version: 0, tries: 0 },
        sizeOf(planned),
      );
    }
  }

  /**
   * Puts a delivery into its endpoint's lane; resolves when its attempt is recorded, or was cancelled. The place in the
   * lane is free as soon as the receiver has answered: recording waits for company, and ten places times that wait
   * would bound an endpoint to some hundreds of deliveries a second.
   */
  start(delivery: Delivery, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = (): void => {
        this.#giveBack(delivery.claim);
        resolve();
      };
      if (!this.gate.isOpen(delivery.endpointUuid)) return cancel();
      this.lanes.add(delivery.endpointUuid, this.gate.boundsOf(delivery.endpointUuid), {
        bytes,
        cancel,
        run: () =>
          new Promise<void>((free) => {
            // It may have been paused, or have passed to another process, while this waited.
            if (this.gate.isOpen(delivery.endpointUuid)) return void this.#attempt(delivery, free).finally(resolve);
            cancel();
            free();
          }),
      });
    });
  }

  /** Nothing more is sent to these endpoints from here: what waits goes back to the table. */
  clear(isTo: (key: string) => boolean): void {
    this.lanes.clear((key) => isTo(endpointOf(key)));
  }

  #giveBack(claim: Claim): void {
    this.#back.push(claim);
    if (!this.#stopped && this.#back.length === 1) setImmediate(() => void this.#release());
  }

  /** Who cannot be given back waits for the end of its lease. */
  async #release(): Promise<void> {
    const back = this.#back;
    this.#back = [];
    try {
      await this.queue.release(back);
    } catch (error) {
      for (const claim of back) this.queue.settle(claim);
      log.warn(`${back.length} waiting deliveries could not be given back and wait for their lease: ${String(error)}`);
    }
  }

  async #attempt(delivery: Delivery, free: () => void): Promise<void> {
    this.#unrecorded++;
    try {
      await this.sender.attempt(delivery, () => {
        // A store that cannot keep up holds the lanes back, or what waits for it would grow without bound.
        if (this.#unrecorded <= this.config.maxInFlight) free();
      });
    } catch (error) {
      // A bug: the row comes again when its lease ends.
      log.error(`delivery ${delivery.deliveryId} failed unexpectedly: ${(error as Error).stack ?? String(error)}`);
    } finally {
      this.#unrecorded--;
      this.queue.settle(delivery.claim);
      free();
      if (this.#unrecorded === 0) this.#onRecorded();
    }
  }

  /** Stops starting; what waits goes back to the due-queue, so that another process need not wait for its lease. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#trimming);
    const untilMs = performance.now() + withinMs;
    await this.lanes.stop(withinMs);
    await this.#recorded(Math.max(0, untilMs - performance.now()));
    await this.#release();
  }

  async #recorded(withinMs: number): Promise<void> {
    if (this.#unrecorded === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#onRecorded = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function sizeOf({ event }: PlannedDelivery): number {
  return entityJson(event).length + 500;
}

/** What may still be put into memory while one batch is planned. */
class Room {
  readonly #lanes: SendLanes;
  readonly #config: DeliveringConfig;
  readonly #taken = new Map<string, number>();
  #count = 0;
  #bytes = 0;

  constructor(lanes: SendLanes, config: DeliveringConfig) {
    this.#lanes = lanes;
    this.#config = config;
  }

  take(delivery: PlannedDelivery): boolean {
    const { endpoint } = delivery;
    const mine = this.#taken.get(endpoint.uuid) ?? 0;
    const first = endpoint.concurrency * this.#config.waitingAtFirst - this.#lanes.ofKey(endpoint.uuid);
    if (mine >= Math.min(first, this.#lanes.roomOf(endpoint.uuid))) return false;
    if (this.#lanes.waiting + this.#count >= this.#config.maxWaiting) return false;
    const bytes = sizeOf(delivery);
    if (this.#lanes.waitingBytes + this.#bytes + bytes > this.#config.maxWaitingBytes) return false;
    this.#taken.set(endpoint.uuid, mine + 1);
    this.#count++;
    this.#bytes += bytes;
    return true;
  }
}
