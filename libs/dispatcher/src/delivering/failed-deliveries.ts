import { Inject, Injectable } from '@nestjs/common';
import { type AttemptFinished, derivedId, newId } from '@sluice/contracts';
import type { Alongside, StreamAppend } from '@sluice/event-store';
import { InjectSettings, type Settings } from '@sluice/platform';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { OrderingKeys } from '../matching/ordering-keys.ts';
import type { ReceivedEvent } from '../recording/received-event.ts';
import { recordingOf } from '../recording/recorded-event.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { dueKeyOf } from './delivery-key.rules.ts';
import type { Delivery } from './delivery.ts';
import { DispatcherDueQueue, type DuePayload } from './dispatcher-due-queue.ts';

/** DL-10: a delivery has ended as a dead letter. */
export const DELIVERY_FAILED = 'Delivery.Failed';

/** What goes into the commit that ends a failed delivery. */
export interface FailureTold {
  appends: StreamAppend[];
  alongside: Alongside[];
}

const NOTHING: FailureTold = { appends: [], alongside: [] };

/**
 * DL-10: tells of deliveries that have failed for good, in the commit that ends them, so that no crash comes between. It
 * is told to subscribers other than the endpoint that failed, of any delivery but of such an event itself: so a telling
 * never leads to another, whatever fails. Where nobody subscribes nothing is written: a neighbour that fails 1,000 times a
 * second would cost twice as much, and its deliveries tell the same.
 */
@Injectable()
export class FailedDeliveries {
  constructor(
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(OrderingKeys) private readonly orderingKeys: OrderingKeys,
    @Inject(DispatcherDueQueue) private readonly queue: DispatcherDueQueue,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** The rows are free: the due worker of each endpoint's owner sends them at once. */
  told(delivery: Delivery, attempt: AttemptFinished, traceparent: string | undefined): FailureTold {
    if (attempt.outcome !== 'failed' || delivery.event.type === DELIVERY_FAILED || delivery.appId === null)
      return NOTHING;
    const event = this.#eventOf(delivery, delivery.appId, attempt);
    const targets = this.endpoints
      .subscribersOf(event.appId, event)
      .filter((endpoint) => endpoint.uuid !== attempt.endpointUuid)
      .map((endpoint) => ({ endpoint, deliveryId: derivedId('delivery', event.eventId, endpoint.uuid) }));
    if (targets.length === 0) return NOTHING;
    const { append, recorded } = recordingOf(event, targets, traceparent);
    const payload: DuePayload = { eventId: event.eventId, number: 0, version: 0, tries: 0 };
    const items = targets.map(({ endpoint, deliveryId }) => ({
      id: deliveryId,
      key: dueKeyOf(endpoint.uuid, this.orderingKeys.of(endpoint, recorded)),
      dueAt: new Date(this.config.now()),
      leased: false,
      payload,
    }));
    return { appends: [append], alongside: this.queue.plan(items) };
  }

  #eventOf(delivery: Delivery, appId: string, attempt: AttemptFinished): ReceivedEvent {
    const eventId = newId();
    const { deliveryId, endpointId, endpointUuid, eventType, number, response, error } = attempt;
    const endpoint = this.endpoints.find(endpointUuid);
    return {
      eventId,
      appId,
      type: DELIVERY_FAILED,
      source: '/sluice/dispatcher',
      sourceId: eventId,
      subject: deliveryId,
      time: new Date(this.config.now()).toISOString(),
      data: {
        id: deliveryId,
        appId,
        eventId: attempt.eventId,
        eventType,
        endpoint: { id: endpointId, uuid: endpointUuid, name: endpoint?.name ?? '', url: endpoint?.url ?? '' },
        attempts: number,
        lastStatus: response?.status ?? null,
        lastError: error,
        replayId: attempt.replayId ?? null,
      },
      entityId: deliveryId,
      entityUrl: `${this.settings.publicUrl}/v1/deliveries/${deliveryId}`,
      runId: delivery.event.runId,
      requestId: delivery.event.requestId,
      correlationId: delivery.meta.correlationId,
      causationId: deliveryId,
      traceparent: undefined,
      dedupeKey: null,
    };
  }
}
