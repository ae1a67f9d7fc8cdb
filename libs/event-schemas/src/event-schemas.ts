import type { FieldProblem } from '@sluice/contracts';
import { TableTail } from '@sluice/local-copy';
import type { Pool } from 'pg';
import { compileSchema, type SchemaCheck } from './compiled-schema.ts';

interface Enforced {
  place: string;
  schema: string;
}

const MAX_COMPILED = 1000;

const placeOf = (appId: string, type: string): string => `${appId} ${type}`;

/**
 * Which event types are enforced, from a copy that is at most a poll old (150 ms), and whether data fits them. A schema
 * is compiled when its first event comes.
 */
export class EventSchemas {
  readonly #tail: TableTail<Enforced>;
  readonly #byPlace = new Map<string, Enforced>();
  readonly #compiled = new Map<Enforced, SchemaCheck>();

  constructor(options: { pool: Pool; onError?(error: unknown): void; pollMs?: number }) {
    this.#tail = new TableTail<Enforced>({
      ...options,
      table: 'event_schemas.enforced',
      key: 'event_type_id',
      columns: ['app_id', 'name', 'schema'],
      map: (row) => ({ place: placeOf(row.app_id as string, row.name as string), schema: row.schema as string }),
      onChange: (changes, reset) => {
        if (reset) this.#byPlace.clear();
        for (const { value, previous } of changes) {
          if (previous && this.#byPlace.get(previous.place) === previous) this.#byPlace.delete(previous.place);
          if (previous) this.#compiled.delete(previous);
          if (value) this.#byPlace.set(value.place, value);
        }
      },
    });
  }

  /** Resolves once the copy is loaded. */
  start(): Promise<void> {
    return this.#tail.start();
  }

  stop(): Promise<void> {
    return this.#tail.stop();
  }

  /** Reads what was just committed, so that this process knows it at once. */
  async refresh(): Promise<void> {
    await this.#tail.poke();
  }

  /** What is wrong with an event's data; nothing when its type is not enforced in this app. */
  check(appId: string, type: string, data: unknown): FieldProblem[] {
    const enforced = this.#byPlace.get(placeOf(appId, type));
    return enforced ? this.#checkOf(enforced)(data) : [];
  }

  #checkOf(enforced: Enforced): SchemaCheck {
    let check = this.#compiled.get(enforced);
    if (!check) {
      check = compileSchema(JSON.parse(enforced.schema));
      const oldest = this.#compiled.size >= MAX_COMPILED ? this.#compiled.keys().next().value : undefined;
      if (oldest) this.#compiled.delete(oldest);
      this.#compiled.set(enforced, check);
    }
    return check;
  }
}
