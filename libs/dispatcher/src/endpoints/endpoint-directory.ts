import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import { parsePosition } from '@sluice/event-store';
import { ReplicaBoard, TableTail } from '@sluice/local-copy';
import { HealthCheck, type HealthResult, InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type FilterableEvent, passing } from '../matching/event-filters.ts';
import { SubscriptionIndex } from '../matching/subscription-index.ts';

const log = new Logger('dispatcher.endpoints');
const STALE_AFTER_MS = 10_000;
export const ENDPOINTS_GROUP = 'dispatcher:endpoints';

/** How far the copy has come: the checkpoint that its writer saves with it. */
const MARKER_SQL = `select epoch || ':' || transaction_id || ':' || position from dispatcher.checkpoints
  where consumer_group = '${ENDPOINTS_GROUP}' and topic = 'registry.events' and transaction_id > 0
  order by epoch desc, transaction_id desc, position desc limit 1`;

/** Every endpoint in memory, by app for matching and by uuid for delivering. */
@Injectable()
@HealthCheck('endpoints')
export class EndpointDirectory implements OnModuleInit, OnApplicationShutdown {
  readonly #tail: TableTail<EndpointState>;
  readonly #byApp = new Map<string, SubscriptionIndex>();
  readonly #byNumber = new Map<number, EndpointState>();
  readonly #listeners: ((uuid: string, now: EndpointState | null) => void)[] = [];

  readonly #pool: Pool;

  constructor(
    @InjectPool('dispatcher') pool: Pool,
    private readonly board: ReplicaBoard,
  ) {
    this.#pool = pool;
    this.#tail = new TableTail<EndpointState>({
      pool,
      table: 'dispatcher.endpoints',
      key: 'uuid',
      columns: ['state'],
      map: (row) => JSON.parse(row.state as string) as EndpointState,
      onChange: (changes, reset) => {
        if (reset) this.#byApp.clear();
        for (const { value, previous } of changes) this.#index(value, previous);
        for (const { key, value } of changes) for (const tell of this.#listeners) tell(key, value);
      },
      marker: MARKER_SQL,
      onPolled: (marker) =>
        this.board.report('dispatcher', 'registry.events', marker === null ? null : parsePosition(marker)),
      onError: (error) => log.warn(`the endpoints cannot be refreshed: ${(error as Error).message}`),
    });
  }

  async onModuleInit(): Promise<void> {
    await this.#tail.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#tail.stop();
  }

  /** Undefined when it was deleted or is not known here. */
  find(uuid: string): EndpointState | undefined {
    return this.#tail.get(uuid);
  }

  /** By the integer of the wire. */
  findByNumber(id: number): EndpointState | undefined {
    return this.#byNumber.get(id);
  }

  /**
   * The integer of the wire, also of an endpoint that was deleted; 0 when there never was one.
   * @throws what the database throws
   */
  async idOf(uuid: string): Promise<number> {
    const known = this.find(uuid);
    if (known) return known.id;
    const { rows } = await this.#pool.query<{ state: string }>(
      'select state from dispatcher.endpoints where uuid = $1',
      [uuid],
    );
    return rows[0] ? (JSON.parse(rows[0].state) as EndpointState).id : 0;
  }

  /** The endpoints of an app that events are sent to; walks through all there are. */
  ofApp(appId: string): EndpointState[] {
    return [...this.#tail.values()].filter((endpoint) => endpoint.appId === appId && endpoint.kind === 'event');
  }

  /** Called after each change of an endpoint; null when it was deleted. */
  onChange(listener: (uuid: string, now: EndpointState | null) => void): void {
    this.#listeners.push(listener);
  }

  /** The enabled endpoints of an app that the event goes to: by its type, and by their filters. */
  subscribersOf(appId: string, event: FilterableEvent): readonly EndpointState[] {
    const found = this.#byApp.get(appId)?.of(event.type);
    if (!found) return [];
    return found.filtered.length === 0 ? found.plain : [...found.plain, ...passing(found.filtered, event)];
  }

  /** GW-11: of the endpoints with these integers those that are there, enabled, and let the event through. */
  namedOf(appId: string, ids: readonly number[], event: FilterableEvent): readonly EndpointState[] {
    const found = ids.flatMap((id) => this.findByNumber(id) ?? []);
    return passing(
      found.filter((endpoint) => endpoint.enabled && endpoint.appId === appId),
      event,
    );
  }

  /** Reads what was just committed to the table. */
  async refresh(): Promise<void> {
    await this.#tail.poke();
  }

  check(): HealthResult {
    const staleMs = this.#tail.staleSinceMs;
    if (staleMs <= STALE_AFTER_MS) return { ok: true };
    return { ok: false, detail: `the endpoints were last read ${Math.round(staleMs / 1000)} s ago` };
  }

  #index(value: EndpointState | null, previous: EndpointState | null): void {
    if (previous) {
      this.#byApp.get(previous.appId)?.remove(previous);
      this.#byNumber.delete(previous.id);
    }
    if (!value) return;
    this.#byNumber.set(value.id, value);
    const ofApp = this.#byApp.get(value.appId) ?? new SubscriptionIndex();
    ofApp.add(value);
    this.#byApp.set(value.appId, ofApp);
  }
}
