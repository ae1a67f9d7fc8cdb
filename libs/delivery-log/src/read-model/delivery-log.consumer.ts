import { Controller } from '@nestjs/common';
import { Consumes, type EventBatch } from '@sluice/bus';
import { deadLetterWrites } from '../dead-letters/dead-letters.projection.ts';
import { deliveryWrites } from '../deliveries/deliveries.projection.ts';
import { requestWrites } from '../requests/requests.projection.ts';
import { runWrites } from '../runs/runs.projection.ts';
import { sampleWrites } from '../samples/samples.projection.ts';
import { statWrites } from '../stats/stats.projection.ts';
import { byteWrites } from '../retention/bytes.projection.ts';
import { ProjectionWriter } from './projection-writer.ts';
import { WINDOW_EVENTS } from './projection-window.ts';

/** Consumes everything that happens to a request and writes the read models, each topic in windows of its own. */
@Controller()
export class DeliveryLogConsumer {
  constructor(private readonly writer: ProjectionWriter) {}

  @Consumes('gateway.events', { group: 'delivery-log', maxBatch: WINDOW_EVENTS })
  onGateway(batch: EventBatch): Promise<void> {
    const { events } = batch;
    return this.writer.apply(batch, [
      ...requestWrites(events),
      ...sampleWrites(events),
      ...deadLetterWrites(events),
      ...statWrites(events),
      ...byteWrites(events),
    ]);
  }

  @Consumes('runner.events', { group: 'delivery-log', maxBatch: WINDOW_EVENTS })
  onRunner(batch: EventBatch): Promise<void> {
    const { events } = batch;
    // The calls of inline endpoints are deliveries too.
    return this.writer.apply(batch, [
      ...runWrites(events),
      ...deliveryWrites(events),
      ...deadLetterWrites(events),
      ...statWrites(events),
      ...byteWrites(events),
    ]);
  }

  @Consumes('dispatcher.events', { group: 'delivery-log', maxBatch: WINDOW_EVENTS })
  onDispatcher(batch: EventBatch): Promise<void> {
    const { events } = batch;
    return this.writer.apply(batch, [
      ...deliveryWrites(events),
      ...deadLetterWrites(events),
      ...statWrites(events),
      ...byteWrites(events),
    ]);
  }

  @Consumes('registry.events', {
    group: 'delivery-log',
    maxBatch: WINDOW_EVENTS,
    types: ['EventParked', 'EventRedriven'],
  })
  onRegistry(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, deadLetterWrites(batch.events));
  }

  @Consumes('delivery-log.events', {
    group: 'delivery-log',
    maxBatch: WINDOW_EVENTS,
    types: ['EventParked', 'EventRedriven'],
  })
  onOwn(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, deadLetterWrites(batch.events));
  }
}
