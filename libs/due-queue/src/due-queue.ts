import type { Alongside } from '@sluice/event-store';
import type { Pool } from 'pg';
import { Claim } from './claim.ts';
import { type DueStatements, dueStatements } from './due-statements.ts';
import { DueWorker, type DueWorkerOptions } from './due-worker.ts';
import { KeyDirectory, type Pick } from './key-directory.ts';
import { Leases } from './leases.ts';

export interface DueItem {
  id: string;
  /** Work of one key is claimed in order of its due time, and keys get turns. */
  key: string;
  dueAt: Date;
  /** Taken by this process from the start: nobody else claims it before the lease ends. See `adopt`. */
  leased?: boolean;
  /** Any JSON value. */
  payload: unknown;
}

export interface DueQueueOptions {
  pool: Pool;
  schema: string;
  /** Shown in the rows for people; fencing rests on the token, so it need not be unique. */
  owner: string;
  /** How long a crashed owner keeps its rows, in milliseconds; 15,000 unless given. */
  leaseMs?: number;
  /** How often the directory of keys is corrected at most, in milliseconds; 1,000 unless given. */
  sweepMs?: number;
  /** Unix time in milliseconds that due times are compared with; leases always use the database's clock. */
  now?: () => number;
  /**
   * Keys that this process works on; all unless given. It may change at any time: call `wake` when it did. Others' keys
   * are scheduled like one's own, and found by whoever works on them.
   */
  isMine?: (key: string) => boolean;
  /**
   * Keys of strict order: only the first row is ever claimed, and nothing behind it while it is held or waits (see
   * `DueQueue.block`). Needs `headClaimSql`.
   */
  isStrict?: (key: string) => boolean;
  /** Keys that share one bound (`perKey` of a claim); the key itself unless given. */
  groupOf?: (key: string) => string;
  /** What went wrong in the background and will be tried again; a process warning unless given. */
  onError?: (error: unknown, doing: string) => void;
}

interface ClaimedRow {
  id: string;
  key: string;
  due_at: Date;
  number: string;
  token: string;
  attempts: number;
  payload: string;
}

const SWEEP_PAGE = 1000;
/** The sweep may use this share of one connection's time, however slow it gets. */
const SWEEP_SHARE = 0.05;
const SWEEP_MAX_MS = 30_000;

/** Work that is due at a time, in the table `<schema>.due` (see `dueTableSql`). */
export class DueQueue {
  readonly leases: Leases;
  readonly directory = new KeyDirectory();
  readonly #options: DueQueueOptions;
  readonly #sql: DueStatements;
  readonly #leaseMs: number;
  readonly #listeners = new Set<() => void>();
  #sweptAtMs = Number.NEGATIVE_INFINITY;
  #sweepEveryMs: number;
  #sweeping: Promise<void> | null = null;

  constructor(options: DueQueueOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#sweepEveryMs = options.sweepMs ?? 1000;
    this.#sql = dueStatements(options.schema, this.#leaseMs);
    this.leases = new Leases({
      leaseMs: this.#leaseMs,
      ...(options.groupOf ? { groupOf: options.groupOf } : {}),
      extend: (claims) => this.#extend(claims),
      onError: (error, doing) => this.reportError(error, doing),
    });
  }

  /** Inserts rows with the commit it is given to. A second row with the same id fails that commit. */
  schedule(items: readonly DueItem[]): Alongside {
    const nowMs = this.nowMs();
    for (const item of items) if (!item.leased) this.#note(item.key, item.dueAt.getTime(), nowMs);
    this.wake();
    const owner = this.#options.owner;
    return {
      statement: this.#sql.schedule,
      rows: items.map((item) => [
        item.id,
        item.key,
        item.dueAt,
        item.leased ? owner : null,
        JSON.stringify(item.payload),
      ]),
    };
  }

  /** The claims of rows that were scheduled `leased`; call it once their commit has resolved. */
  adopt(items: readonly DueItem[], committedAfterMs: number = performance.now()): Claim[] {
    const claims = items.map((item) => new Claim({ ...item, token: 1n, attempts: 1, number: 0n }));
    this.leases.add(claims, committedAfterMs);
    return claims;
  }

  /** Deletes the rows with the commit; fails it (`AlongsideConflictError`) when one of the leases was lost. */
  complete(claims: readonly Claim[]): Alongside {
    return { statement: this.#sql.complete, rows: claims.map((claim) => [claim.id, claim.token]) };
  }

  /** Gives the rows a new due time (and payload) and frees them with the commit; fails it when a lease was lost. */
  reschedule(changes: readonly { claim: Claim; dueAt: Date; payload?: unknown }[]): Alongside {
    const nowMs = this.nowMs();
    for (const change of changes) this.#note(change.claim.key, change.dueAt.getTime(), nowMs);
    this.wake();
    return {
      statement: this.#sql.reschedule,
      rows: changes.map(({ claim, dueAt, payload }) => [
        claim.id,
        claim.token,
        dueAt,
        payload === undefined ? null : JSON.stringify(payload),
      ]),
    };
  }

  /**
   * Makes rows due now with the commit, whoever holds them: a holder that reschedules afterwards has to look whether
   * there is news. Rows that are gone, or due already, are left alone. Needs `hastenSql` in the schema.
   */
  hasten(items: readonly { id: string; key: string }[]): Alongside {
    const nowMs = this.nowMs();
    for (const { key } of items) this.directory.note(key, nowMs, nowMs);
    this.wake();
    return { statement: this.#sql.hasten, rows: items.map(({ id }) => [id, new Date(nowMs)]) };
  }

  /** The commit that completed or rescheduled the claim has resolved (or failed for good): stop extending its lease. */
  settle(claim: Claim): void {
    if (this.leases.drop(claim)) this.wake();
  }

  /**
   * Claims up to `limit` due rows, keys in turns; `perKey` bounds how many of one key (or group) this process holds.
   * @throws what the database throws; nothing is lost then.
   */
  async claim(limit: number, perKey: number | ((key: string) => number) = Number.POSITIVE_INFINITY): Promise<Claim[]> {
    await this.sweepIfDue();
    const nowMs = this.nowMs();
    const picks = this.directory.pick(nowMs, limit, this.#room(perKey, true));
    if (picks.length === 0) return [];
    const startMs = performance.now();
    const claims = (await this.#claimRows(picks, nowMs)).sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime());
    this.leases.add(claims, startMs);
    await this.#learn(picks, claims, nowMs);
    return claims;
  }

  /** Works on what is due until the worker is stopped; see `DueWorker` for what the handler owes. */
  start(handler: (claim: Claim) => Promise<void>, options: DueWorkerOptions = {}): DueWorker {
    return new DueWorker(this, handler, options);
  }

  /** Gives rows back untouched, so that others need not wait for the lease to end. */
  async release(claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    const parameters = [claims.map((claim) => claim.id), claims.map((claim) => claim.token)];
    const { rows } = await this.#options.pool.query<{ key: string; due_at: Date }>({
      name: `due_release_${this.#options.schema}`,
      text: this.#sql.release,
      values: parameters,
    });
    for (const claim of claims) this.leases.drop(claim);
    for (const row of rows) this.#found(row.key, row.due_at.getTime());
    this.wake();
  }

  /** Nothing of the key is claimed before that time (Unix milliseconds). Held in memory alone. */
  block(key: string, untilMs: number): void {
    this.directory.block(key, untilMs);
  }

  /** Others have scheduled rows of keys that this process works on, due at those times (Unix milliseconds). */
  discover(rows: readonly { key: string; dueMs: number }[]): void {
    for (const row of rows) this.#found(row.key, row.dueMs);
    if (rows.length > 0) this.wake();
  }

  /** When there is something to claim as far as this process knows: Unix milliseconds, or null. */
  nextDueMs(perKey: number | ((key: string) => number) = Number.POSITIVE_INFINITY): number | null {
    return this.directory.nextDueMs(this.#room(perKey));
  }

  /** Milliseconds until the next sweep. */
  sweepInMs(): number {
    return Math.max(0, this.#sweptAtMs + this.#sweepEveryMs - performance.now());
  }

  /** Called whenever something may have become claimable. Returns the unsubscriber. */
  onWake(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks for rows this process knows nothing of: other processes', late commits, leases that ended. */
  async sweepIfDue(): Promise<void> {
    if (this.sweepInMs() > 0) return;
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = null;
    });
    await this.#sweeping;
  }

  /** Looks for such rows at the next opportunity: this process works on other keys from now on. */
  sweepSoon(): void {
    this.#sweptAtMs = Number.NEGATIVE_INFINITY;
    this.wake();
  }

  nowMs(): number {
    return this.#options.now?.() ?? Date.now();
  }

  reportError(error: unknown, doing: string): void {
    if (this.#options.onError) this.#options.onError(error, doing);
    else process.emitWarning(`due-queue ${this.#options.schema} could not ${doing}: ${String(error)}`);
  }

  /** Stops the heartbeats; what is still leased is taken over when the lease ends, unless it was released. */
  close(): void {
    this.leases.close();
    this.#listeners.clear();
  }

  /** @param counting each strict key that is asked for takes its place in the group. */
  #room(perKey: number | ((key: string) => number), counting = false): (key: string) => number {
    const most = typeof perKey === 'number' ? () => perKey : perKey;
    const { isMine, isStrict, groupOf } = this.#options;
    const asked = new Map<string, number>();
    return (key) => {
      if (isMine && !isMine(key)) return 0;
      const group = groupOf?.(key) ?? key;
      const free = most(key) - this.leases.ofKey(group) - (asked.get(group) ?? 0);
      if (!isStrict?.(key)) return free;
      const room = this.leases.ofKey(key) > 0 ? 0 : Math.min(1, free);
      if (counting && room > 0) asked.set(group, (asked.get(group) ?? 0) + 1);
      return room;
    };
  }

  #note(key: string, dueMs: number, nowMs: number): void {
    if (this.#options.isMine?.(key) ?? true) this.directory.note(key, dueMs, nowMs);
  }

  async #claimRows(picks: readonly Pick[], nowMs: number): Promise<Claim[]> {
    const { isStrict } = this.#options;
    if (!isStrict) return this.#claimBy('claim', picks, nowMs);
    const strict = picks.filter((pick) => isStrict(pick.key));
    const plain = picks.filter((pick) => !isStrict(pick.key));
    const claims = plain.length > 0 ? await this.#claimBy('claim', plain, nowMs) : [];
    if (strict.length > 0) claims.push(...(await this.#claimBy('claimHead', strict, nowMs)));
    return claims;
  }

  async #claimBy(how: 'claim' | 'claimHead', picks: readonly Pick[], nowMs: number): Promise<Claim[]> {
    const { rows } = await this.#options.pool.query<ClaimedRow>({
      name: `due_${how}_${this.#options.schema}`,
      text: this.#sql[how],
      values: [
        picks.map((pick) => pick.key),
        picks.map((pick) => pick.since),
        picks.map((pick) => pick.sinceNumber),
        picks.map((pick) => pick.wanted),
        new Date(nowMs),
        this.#options.owner,
        this.#leaseMs,
      ],
    });
    return rows.map(
      (row) =>
        new Claim({
          id: row.id,
          key: row.key,
          number: BigInt(row.number),
          token: BigInt(row.token),
          attempts: row.attempts,
          dueAt: row.due_at,
          payload: JSON.parse(row.payload),
        }),
    );
  }

  /** Moves the watermarks on and asks for the next due time of the keys that gave less than was wanted. */
  async #learn(picks: readonly Pick[], claims: readonly Claim[], nowMs: number): Promise<void> {
    const counts = new Map<string, number>();
    const last = new Map<string, Claim>();
    for (const claim of claims) {
      counts.set(claim.key, (counts.get(claim.key) ?? 0) + 1);
      const before = last.get(claim.key);
      if (!before || comesAfter(claim, before)) last.set(claim.key, claim);
    }
    for (const claim of last.values()) this.directory.advance(claim.key, claim.dueAt.getTime(), claim.number);
    const drained = picks
      .filter((pick) => (counts.get(pick.key) ?? 0) < pick.wanted)
      .map((pick) => this.directory.watermark(pick.key));
    if (drained.length === 0) return;
    const { rows } = await this.#options.pool.query<{ key: string; due_at: Date | null }>({
      name: `due_next_${this.#options.schema}`,
      text: this.#sql.next,
      values: [
        drained.map((mark) => mark.key),
        drained.map((mark) => mark.since),
        drained.map((mark) => mark.sinceNumber),
      ],
    });
    for (const row of rows) this.directory.drained(row.key, row.due_at?.getTime() ?? null, nowMs);
  }

  async #extend(claims: readonly Claim[]): Promise<Set<string>> {
    const { rows } = await this.#options.pool.query<{ id: string }>({
      name: `due_extend_${this.#options.schema}`,
      text: this.#sql.extend,
      values: [claims.map((claim) => claim.id), claims.map((claim) => claim.token), this.#leaseMs],
    });
    return new Set(rows.map((row) => row.id));
  }

  async #sweep(): Promise<void> {
    const startMs = performance.now();
    let after = '';
    for (;;) {
      const { rows } = await this.#options.pool.query<{ key: string; due_at: Date | null }>({
        name: `due_sweep_${this.#options.schema}`,
        text: this.#sql.sweep,
        values: [after, SWEEP_PAGE],
      });
      for (const row of rows) if (row.due_at) this.#found(row.key, row.due_at.getTime());
      const lastRow = rows.at(-1);
      if (!lastRow || rows.length < SWEEP_PAGE) break;
      after = lastRow.key;
    }
    this.#sweptAtMs = performance.now();
    const tookMs = this.#sweptAtMs - startMs;
    const everyMs = this.#options.sweepMs ?? 1000;
    this.#sweepEveryMs = Math.min(SWEEP_MAX_MS, Math.max(everyMs, tookMs / SWEEP_SHARE));
  }

  #found(key: string, dueMs: number): void {
    if (this.#options.isMine?.(key) ?? true) this.directory.found(key, dueMs, this.nowMs());
  }

  /** Something may have become claimable. */
  wake(): void {
    for (const listener of this.#listeners) listener();
  }
}

function comesAfter(a: Claim, b: Claim): boolean {
  const difference = a.dueAt.getTime() - b.dueAt.getTime();
  return difference > 0 || (difference === 0 && a.number > b.number);
}
