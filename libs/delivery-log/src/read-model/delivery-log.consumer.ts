import { Controller } from '@nestjs/common';
import { Consumes, type EventBatch } from '@sluice/bus';
import { ProjectionWriter } from './projection-writer.ts';
import { FAR_BEHIND, WINDOW_EVENTS } from './projection-window.ts';
import { topicWrites } from './topic-writes.ts';

/** The group whose checkpoints say what the read models hold. */
export const GROUP = 'delivery-log';
const WINDOW = { group: GROUP, maxBatch: WINDOW_EVENTS, behind: FAR_BEHIND };
const DEAD_LETTERS = ['EventParked', 'EventRedriven'];

/** Consumes everything that happens to a request and writes the read models, each topic in windows of its own. */
@Controller()
export class DeliveryLogConsumer {
  constructor(private readonly writer: ProjectionWriter) {}

  @Consumes('gateway.events', WINDOW)
  onGateway(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, topicWrites('gateway.events', batch.events));
  }

  @Consumes('runner.events', WINDOW)
  onRunner(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, topicWrites('runner.events', batch.events));
  }

  @Consumes('dispatcher.events', WINDOW)
  onDispatcher(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, topicWrites('dispatcher.events', batch.events));
  }

  @Consumes('registry.events', { group: GROUP, maxBatch: WINDOW_EVENTS, types: DEAD_LETTERS })
  onRegistry(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, topicWrites('registry.events', batch.events));
  }

  @Consumes('delivery-log.events', { group: GROUP, maxBatch: WINDOW_EVENTS, types: DEAD_LETTERS })
  onOwn(batch: EventBatch): Promise<void> {
    return this.writer.apply(batch, topicWrites('delivery-log.events', batch.events));
  }
}
