import { Controller, Inject, Logger, type Type } from '@nestjs/common';
import type { DeadLetterCommand, ServiceName } from '@sluice/contracts';
import { BusBindings, serviceOfGroup } from '../bus-bindings.ts';
import type { EventBatch } from '../bus.contract.ts';
import { Consumes } from '../consuming/consumes.ts';
import { DeadLetters } from './dead-letters.ts';

/**
 * The consumer through which a service obeys a person's "retry" and "discard" (`DeadLetterCommand` on
 * `delivery-log.events`). Each service lists `deadLetterCommandConsumer('<itself>')` among its controllers.
 */
export function deadLetterCommandConsumer(service: ServiceName): Type<unknown> {
  @Controller()
  class DeadLetterCommandConsumer {
    readonly #logger = new Logger(`${service}:dead-letters`);
    readonly #letters: DeadLetters;

    constructor(@Inject(BusBindings) bindings: BusBindings) {
      this.#letters = new DeadLetters(bindings);
    }

    @Consumes('delivery-log.events', { group: `${service}:dead-letters`, types: ['DeadLetterCommand'] })
    async obey(batch: EventBatch): Promise<void> {
      for (const event of batch.events) {
        const command = event.data as DeadLetterCommand;
        if (serviceOfGroup(command.group) !== service) continue;
        const act = command.action === 'retry' ? 'redrive' : 'discard';
        const outcome = await this.#letters[act](command.deadLetterId);
        this.#logger.log(`${command.action} of dead letter ${command.deadLetterId}: ${outcome}`);
        await batch.heartbeat();
      }
    }
  }
  return DeadLetterCommandConsumer;
}
