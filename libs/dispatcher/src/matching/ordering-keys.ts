import { Injectable, Logger } from '@nestjs/common';
import type { EndpointState, SentEvent } from '@sluice/contracts';
import { compileOrdering, EventTemplateError, eventScope, type OrderingKey } from '@sluice/endpoints';

const log = new Logger('dispatcher.ordering');
const MANY = 1000;

/** DL-05: which deliveries of an endpoint go one after another. */
@Injectable()
export class OrderingKeys {
  readonly #compiled = new Map<string, OrderingKey>();

  /** Null when the endpoint asks for no order. */
  of(endpoint: EndpointState, event: SentEvent): string | null {
    if (!endpoint.ordering) return null;
    try {
      return this.#compile(endpoint.ordering).keyOf(eventScope(event));
    } catch (error) {
      if (!(error instanceof EventTemplateError)) throw error;
      log.log(`no ordering key for event ${event.eventId} at endpoint ${endpoint.uuid}: ${error.message}`);
      // Those whose key cannot be told go one after another too: an order that was asked for is not given up.
      return '';
    }
  }

  #compile(source: string): OrderingKey {
    const known = this.#compiled.get(source);
    if (known) return known;
    const made = compileOrdering(source);
    if (this.#compiled.size >= MANY) this.#compiled.clear();
    this.#compiled.set(source, made);
    return made;
  }
}
