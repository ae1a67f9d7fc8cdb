import { checkedExampleOf } from '@sluice/event-schemas';
import { Injectable } from '@nestjs/common';

const MOST_KEPT = 200;

type Example = ReturnType<typeof checkedExampleOf>;

/** Made-up data of event types. A large schema takes a tenth of a second, so that what was made is kept. */
@Injectable()
export class EventTypeExamples {
  readonly #kept = new Map<string, Example>();

  /** @param key names this schema and no other */
  of(key: string, schema: unknown): Example {
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const made = schema === null ? { data: {}, problems: [] } : checkedExampleOf(schema);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= MOST_KEPT) this.#kept.delete(oldest);
    this.#kept.set(key, made);
    return made;
  }
}
