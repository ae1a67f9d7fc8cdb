import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { endpointOf } from '../delivering/delivery-key.rules.ts';
import { EndpointGate } from '../delivering/endpoint-gate.ts';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { EventRecorder } from '../recording/event-recorder.ts';
import { operationalEvent } from './operational-events.ts';

const log = new Logger('dispatcher.health');
const PAGE = 1000;
/** Counted no further. */
const MANY = 10_000;

interface Late {
  oldestMs: number;
  keys: string[];
}

/**
 * DL-10: tells of endpoints whose deliveries are late although they may be sent. One look at the first row of each key,
 * once a minute; who was told of is told of again only after having caught up.
 */
@Injectable()
export class BacklogWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;

  constructor(
    @InjectPool('dispatcher') private readonly pool: Pool,
    @Inject(EndpointGate) private readonly gate: EndpointGate,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(EventRecorder) private readonly recorder: EventRecorder,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.look(), this.config.backlogEveryMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#looking;
  }

  /** Looks once; never rejects. */
  async look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => log.warn(`backlogs could not be looked for: ${String(error)}`))
      .finally(() => {
        this.#looking = null;
      });
    await this.#looking;
  }

  async #look(): Promise<void> {
    const late = await this.#late();
    for (const uuid of this.#told) if (!late.has(uuid)) this.#told.delete(uuid);
    for (const [uuid, found] of late) if (!this.#told.has(uuid)) await this.#tell(uuid, found);
  }

  async #late(): Promise<Map<string, Late>> {
    const late = new Map<string, Late>();
    const beforeMs = this.config.now() - this.config.backlogAfterMs;
    for (let after = ''; ; ) {
      const { rows } = await this.pool.query<{ key: string; due_at: Date | null }>(
        'select key, due_at from dispatcher.due_sweep($1, $2)',
        [after, PAGE],
      );
      for (const { key, due_at: dueAt } of rows) {
        if (!dueAt || dueAt.getTime() > beforeMs || !this.gate.isOpen(key)) continue;
        const known = late.get(endpointOf(key)) ?? { oldestMs: dueAt.getTime(), keys: [] };
        known.oldestMs = Math.min(known.oldestMs, dueAt.getTime());
        if (known.keys.length < PAGE) known.keys.push(key);
        late.set(endpointOf(key), known);
      }
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return late;
      after = last.key;
    }
  }

  async #tell(uuid: string, { oldestMs, keys }: Late): Promise<void> {
    const endpoint = this.endpoints.find(uuid);
    if (!endpoint?.enabled) return;
    const { rows } = await this.pool.query<{ waiting: number }>(
      `select least(sum(n), ${MANY})::int as waiting from unnest($1::text[]) as k(key) cross join lateral (
         select count(*) as n from (select 1 from dispatcher.due d where d.key = k.key limit ${MANY}) counted) c`,
      [keys],
    );
    const more = { oldestDueAt: new Date(oldestMs).toISOString(), waiting: rows[0]?.waiting ?? 0 };
    const options = { nowMs: this.config.now(), publicUrl: this.settings.publicUrl };
    await this.recorder.recordOwn([operationalEvent('Endpoint.Backlog', endpoint, more, options)]);
    this.#told.add(uuid);
  }
}
