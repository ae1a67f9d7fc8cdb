import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { InjectPool, InjectSettings, metrics, type Settings, SOLE_PROCESS } from '@sluice/platform';
import type { Pool } from 'pg';
import { OwnershipConfig } from './ownership.config.ts';
import { fairShare, SLOTS, slotOf, surplusOf } from './slots.rules.ts';
import { SlotTable } from './slot-table.ts';

const log = new Logger('dispatcher.ownership');

const HAND_OVER: AlongsideStatement = {
  name: 'dispatcher_handovers',
  columns: ['int2', 'text', 'timestamptz'],
  sql: (arrays) => `insert into dispatcher.handovers (slot, key, due_at) select * from unnest(${arrays.join(', ')})`,
};

/** What ownership needs to know of those who send, and tells them. */
export interface SlotUser {
  /** Slots that it still works for: deliveries under way or not recorded yet. */
  busySlots(): ReadonlySet<number>;
  /** These are no longer ours: what waits goes back to the table. */
  onLost(isLost: (key: string) => boolean): void;
  onGained(): void;
  /** Others scheduled these rows for endpoints of ours. */
  onHandedOver(rows: readonly { key: string; dueMs: number }[]): void;
}

/**
 * Which endpoints this process sends for. Every process holds slots under one lease; who comes gets its share from the
 * others once they have finished what they had begun there, who leaves gives back at once, and who dies is replaced when
 * its lease has ended. A process that could not renew in time stops by its own clock, before anybody else may begin.
 */
@Injectable()
export class SlotOwnership {
  readonly #table: SlotTable;
  readonly #name: string;
  readonly #held = new Set<number>();
  /** Ours in the table, but given up: work that has begun there comes to its end. */
  readonly #leaving = new Set<number>();
  #member: string | null = null;
  #incarnations = 0;
  #safeUntilMs = 0;
  #others = false;
  #user: SlotUser | null = null;
  #stopping = false;
  readonly #end = new AbortController();
  #loops: Promise<void>[] = [];

  constructor(
    @InjectPool('dispatcher') pool: Pool,
    @InjectSettings() settings: Settings,
    @Inject(SOLE_PROCESS) private readonly alone: boolean,
    @Inject(OwnershipConfig) private readonly config: OwnershipConfig,
  ) {
    this.#table = new SlotTable(pool);
    this.#name = `${settings.instanceId}/${randomUUID()}`;
    metrics.gauge('sluice_dispatcher_slots', 'Slots of endpoints that this process sends for', [], (gauge) =>
      gauge.set(this.alone ? SLOTS : this.#held.size),
    );
  }

  /** Whether this process, and no other, may send for the endpoint (or key of an endpoint) now. */
  owns(key: string): boolean {
    if (this.alone) return !this.#stopping;
    return this.#held.has(slotOf(key)) && performance.now() < this.#safeUntilMs;
  }

  /** Tells the owners of keys that are not ours, in the commit that schedules their rows. */
  handOver(rows: readonly { key: string; dueAt: Date }[]): Alongside[] {
    const others = rows.filter((row) => !this.owns(row.key));
    if (others.length === 0 || this.alone) return [];
    const earliest = new Map<string, Date>();
    for (const { key, dueAt } of others) {
      const known = earliest.get(key);
      if (!known || dueAt < known) earliest.set(key, dueAt);
    }
    return [{ statement: HAND_OVER, rows: [...earliest].map(([key, dueAt]) => [slotOf(key), key, dueAt]) }];
  }

  /** Tells the owner of a key that is not ours of something that is due there. @throws what the database throws */
  async tellOwner({ key, dueAt }: { key: string; dueAt: Date }): Promise<void> {
    if (this.alone) return;
    await this.#table.handOver(slotOf(key), key, dueAt);
  }

  async start(user: SlotUser): Promise<void> {
    this.#user = user;
    if (this.alone) return;
    await this.#beat();
    this.#loops = [
      this.#every(
        () => this.config.beatMs,
        () => this.#beat(),
      ),
      this.#every(
        () => (this.#others ? this.config.handoverMs : this.config.beatMs),
        () => this.#listen(),
      ),
    ];
  }

  /** Begins no more; what runs may end, then call `leave`. */
  stop(): void {
    this.#stopping = true;
    this.#held.clear();
  }

  /** Others may take over at once. */
  async leave(): Promise<void> {
    this.stop();
    this.#end.abort();
    await Promise.all(this.#loops);
    if (this.#member === null) return;
    try {
      await this.#table.leave(this.#member);
    } catch (error) {
      log.warn(`the slots could not be given back and wait for their lease: ${String(error)}`);
    }
  }

  async #every(waitMs: () => number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      // Aborting is how it ends.
      await pause(waitMs(), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await work();
    }
  }

  async #beat(): Promise<void> {
    try {
      await this.#renew();
      await this.#arrange();
    } catch (error) {
      log.warn(`the slots could not be renewed, trying again: ${(error as Error).message}`);
    }
    if (performance.now() >= this.#safeUntilMs && this.#held.size > 0) this.#loseAll();
  }

  async #renew(): Promise<void> {
    const startMs = performance.now();
    const { leaseMs } = this.config;
    if (this.#member !== null && startMs < this.#safeUntilMs && (await this.#table.renew(this.#member, leaseMs))) {
      this.#safeUntilMs = startMs + leaseMs;
      return;
    }
    // Lapsed, or new: a name of its own, so that whoever saw the old one end can rely on it.
    this.#loseAll();
    const member = `${this.#name}/${++this.#incarnations}`;
    await this.#table.join(member, leaseMs);
    this.#member = member;
    this.#safeUntilMs = startMs + leaseMs;
  }

  async #arrange(): Promise<void> {
    const member = this.#member as string;
    const { members } = await this.#table.standing(member);
    this.#others = members > 1;
    for (const slot of surplusOf([...this.#held], members)) {
      this.#held.delete(slot);
      this.#leaving.add(slot);
    }
    await this.#giveBackIdle(member);
    const most = fairShare(members) - this.#held.size - this.#leaving.size;
    const taken = most > 0 ? await this.#table.take(member, most) : [];
    if (taken.length === 0 || this.#stopping) return;
    for (const slot of taken) this.#held.add(slot);
    log.log(`this process sends for ${this.#held.size} of ${SLOTS} slots (${members} members)`);
    this.#user?.onGained();
  }

  async #giveBackIdle(member: string): Promise<void> {
    if (this.#leaving.size === 0) return;
    this.#user?.onLost((key) => this.#leaving.has(slotOf(key)));
    const busy = this.#user?.busySlots() ?? new Set();
    const idle = [...this.#leaving].filter((slot) => !busy.has(slot));
    if (idle.length === 0) return;
    await this.#table.giveBack(member, idle);
    for (const slot of idle) this.#leaving.delete(slot);
  }

  #loseAll(): void {
    const had = this.#held.size;
    this.#held.clear();
    this.#leaving.clear();
    if (had === 0) return;
    log.warn('the lease of the slots ended before it could be renewed: others may send for these endpoints now');
    this.#user?.onLost(() => true);
  }

  async #listen(): Promise<void> {
    if (this.#held.size === 0) return;
    try {
      this.#user?.onHandedOver(await this.#table.takeHandovers([...this.#held]));
    } catch (error) {
      // The sweep of the due-queue finds them, a little later.
      log.warn(`what others scheduled could not be read, trying again: ${(error as Error).message}`);
    }
  }
}
