import { Inject, Injectable, Logger } from '@nestjs/common';
import { type Claim, type DueItem, DueQueue } from '@sluice/due-queue';
import type { Alongside } from '@sluice/event-store';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { SlotOwnership } from '../ownership/slot-ownership.ts';
import { slotOf } from '../ownership/slots.rules.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { endpointOf, isOrdered, UUID_LENGTH } from './delivery-key.rules.ts';

const log = new Logger('dispatcher.due');
/** No row's due time: says of a key that its first row does not wait any more (see `sendNow`). */
const AT_ONCE_MS = 0;

/** What a delivery's row holds. Its id is the delivery's, its key the endpoint's uuid (see `dueKeyOf`). */
export interface DuePayload {
  eventId: string;
  /** Attempts finished so far. */
  number: number;
  /** Events of the delivery's stream so far. */
  version: number;
  /** Attempts finished in this round; a person's retry begins a new one. */
  tries: number;
  /**
   * Unix milliseconds. A delivery with an order keeps its place, which is its due time, while it waits for its next
   * attempt: this is what it waits for.
   */
  notBeforeMs?: number;
  /** The replay that asked for it. */
  replayId?: string;
}

/** The deliveries that wait for their time, or for room in memory. */
@Injectable()
export class DispatcherDueQueue extends DueQueue {
  readonly #ownership: SlotOwnership;
  readonly #pool: Pool;

  constructor(
    @InjectPool('dispatcher') pool: Pool,
    @InjectSettings() settings: Settings,
    @Inject(DeliveringConfig) config: DeliveringConfig,
    @Inject(SlotOwnership) ownership: SlotOwnership,
  ) {
    super({
      pool,
      schema: 'dispatcher',
      owner: settings.instanceId,
      leaseMs: config.leaseMs,
      now: () => config.now(),
      isMine: (key) => ownership.owns(key),
      isStrict: isOrdered,
      groupOf: endpointOf,
      onError: (error, doing) => log.warn(`could not ${doing}, trying again: ${(error as Error).message}`),
    });
    this.#ownership = ownership;
    this.#pool = pool;
  }

  /** Schedules rows, whoever sends for their endpoints: goes into one commit. */
  plan(items: readonly DueItem[]): Alongside[] {
    return [this.schedule(items), ...this.#ownership.handOver(items)];
  }

  /** Gives a row back with the commit, for an attempt at that time (Unix milliseconds). */
  putBack(claim: Claim, atMs: number, payload: DuePayload): Alongside {
    if (!isOrdered(claim.key)) return this.reschedule([{ claim, dueAt: new Date(atMs), payload }]);
    this.block(claim.key, atMs);
    return this.reschedule([{ claim, dueAt: claim.dueAt, payload: { ...payload, notBeforeMs: atMs } }]);
  }

  /** Everything that waits for an endpoint is due now: it is going to end without an attempt. */
  async expedite(endpointUuid: string): Promise<void> {
    for (;;) {
      const { rowCount } = await this.#pool.query(
        `update dispatcher.due set due_at = $2 where id in (
           select id from dispatcher.due where key = $1 and due_at > $2 order by due_at, number limit 1000
           for update skip locked)`,
        [endpointUuid, new Date(this.nowMs())],
      );
      this.directory.unblock((key) => endpointOf(key) === endpointUuid);
      this.sweepSoon();
      if ((rowCount ?? 0) < 1000) return;
    }
  }

  /** The row of a delivery that has not ended; null when there is none. */
  async waiting(deliveryId: string): Promise<{ key: string; payload: DuePayload } | null> {
    const { rows } = await this.#pool.query<{ key: string; payload: string }>(
      'select key, payload from dispatcher.due where id = $1',
      [deliveryId],
    );
    return rows[0] ? { key: rows[0].key, payload: JSON.parse(rows[0].payload) as DuePayload } : null;
  }

  /**
   * The next attempt of a delivery that waits for it is due now; whoever sends for its endpoint is told.
   * @returns false when it does not wait: it is gone, under way, or waits in memory for its turn.
   */
  async sendNow(deliveryId: string): Promise<boolean> {
    const nowMs = this.nowMs();
    // In an order it keeps its place, which is its due time.
    const { rows } = await this.#pool.query<{ key: string }>(
      `update dispatcher.due set payload = (payload::jsonb - 'notBeforeMs')::text,
         due_at = case when length(key) > $3 then due_at else least(due_at, $2) end
       where id = $1 and (lease_until is null or lease_until < clock_timestamp()) returning key`,
      [deliveryId, new Date(nowMs), UUID_LENGTH],
    );
    const key = rows[0]?.key;
    if (key === undefined) return false;
    const dueAt = new Date(isOrdered(key) ? AT_ONCE_MS : nowMs);
    if (this.#ownership.owns(key)) this.discover([{ key, dueMs: dueAt.getTime() }]);
    else await this.#ownership.tellOwner({ key, dueAt });
    return true;
  }

  override discover(rows: readonly { key: string; dueMs: number }[]): void {
    for (const { key, dueMs } of rows) if (dueMs === AT_ONCE_MS) this.directory.unblock((each) => each === key);
    super.discover(rows);
  }

  /** The slots that deliveries held by this process belong to. */
  busySlots(): Set<number> {
    return new Set(this.leases.all().map((claim) => slotOf(claim.key)));
  }
}
