import { Controller } from '@nestjs/common';
import { Consumes, type EventBatch } from '@sluice/bus';
import { writeDeadLetters } from '../dead-letters/dead-letters.projection.ts';
import { writeDeliveries } from '../deliveries/deliveries.projection.ts';
import { writeRequests } from '../requests/requests.projection.ts';
import { writeRuns } from '../runs/runs.projection.ts';
import { ProjectionWriter } from './projection-writer.ts';
import { WINDOW_EVENTS } from './projection-window.ts';

/** Consumes everything that happens to a request and writes the read models, each topic in windows of its own. */
@Controller()
export class DeliveryLogConsumer {
  constructor(private readonly writer: ProjectionWriter) {}

  @Consumes('gateway.events', { group: 'delivery-log', maxBatch: WINDOW_EVENTS })
  onGateway(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, async (client) => {
      await writeRequests(client, batch.events);
      await writeDeadLetters(client, batch.events);
    });
  }

  @Consumes('runner.events', { group: 'delivery-log', maxBatch: WINDOW_EVENTS })
  onRunner(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, async (client) => {
      await writeRuns(client, batch.events);
      await writeDeadLetters(client, batch.events);
    });
  }

  @Consumes('dispatcher.events', { group: 'delivery-log', maxBatch: WINDOW_EVENTS })
  onDispatcher(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, async (client) => {
      await writeDeliveries(client, batch.events);
      await writeDeadLetters(client, batch.events);
    });
  }

  @Consumes('registry.events', {
    group: 'delivery-log',
    maxBatch: WINDOW_EVENTS,
    types: ['EventParked', 'EventRedriven'],
  })
  onRegistry(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, (client) => writeDeadLetters(client, batch.events));
  }

  @Consumes('delivery-log.events', {
    group: 'delivery-log',
    maxBatch: WINDOW_EVENTS,
    types: ['EventParked', 'EventRedriven'],
  })
  onOwn(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, (client) => writeDeadLetters(client, batch.events));
  }
}
