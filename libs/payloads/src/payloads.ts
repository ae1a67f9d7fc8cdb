import { firstIdAt, newId } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';

/** Larger ones are refused: a payload is read whole into memory. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
/** Constraint named when an append refers to a payload that the sweep has taken. */
export const PAYLOAD_GONE = 'payload_gone';

/** DDL of the schema that every service may read and only this library touches. Safe to run at every start. */
export function payloadTablesSql(): string[] {
  return [
    'create schema if not exists payloads',
    `create table if not exists payloads.payloads (
      id uuid primary key,
      referenced boolean not null default false,
      size int not null,
      sha256 bytea not null,
      created_at timestamptz not null default now(),
      bytes bytea not null
    )`,
    // Not compressed: it would cost CPU on the way in and out for bodies that are often compressed already.
    // Only where it is not so yet: the statement waits for every reader, a dump for hours, and all wait behind it.
    `do $$ begin
      if exists (select from pg_attribute where attrelid = 'payloads.payloads'::regclass and attname = 'bytes'
        and attstorage <> 'e') then
        alter table payloads.payloads alter column bytes set storage external;
      end if;
    end $$`,
    'create index if not exists payloads_unreferenced on payloads.payloads (created_at) where not referenced',
    // A function, because a payload that is not there must be an error: an update passes over it in silence. To the
    // caller the error looks like a check constraint.
    `create or replace function payloads.mark_referenced(wanted uuid) returns boolean
      language plpgsql volatile set enable_seqscan = off as $$
      begin
        update payloads.payloads p set referenced = true where p.id = wanted;
        if not found then
          raise exception 'payload % is gone', wanted using errcode = 'check_violation', constraint = '${PAYLOAD_GONE}';
        end if;
        return true;
      end $$`,
  ];
}

const REFERENCE: AlongsideStatement = {
  name: 'payloads_reference',
  columns: ['uuid'],
  // Inserts nothing: the function returns true or fails. An insert's select is always read to its end.
  sql: (arrays) =>
    `insert into payloads.payloads (id) select w.id from unnest(${arrays[0]}) as w(id) where not payloads.mark_referenced(w.id)`,
};

export class PayloadError extends Error {
  readonly code: 'too_large' | 'unknown' | 'damaged';
  constructor(code: 'too_large' | 'unknown' | 'damaged', message: string) {
    super(message);
    this.name = 'PayloadError';
    this.code = code;
  }
}

/**
 * Claim check for what is too big for an event (over 256 KiB): written before the append, marked as referenced with
 * it. What was written for an append that never came is an orphan and is swept by age.
 */
export class Payloads {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Durable when it resolves. @throws PayloadError `too_large` */
  async put(bytes: Uint8Array): Promise<string> {
    if (bytes.length > MAX_PAYLOAD_BYTES) {
      throw new PayloadError(
        'too_large',
        `a payload of ${bytes.length} bytes is over the limit of ${MAX_PAYLOAD_BYTES}`,
      );
    }
    const id = newId();
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    await this.#pool.query({
      name: 'payloads_put',
      text: 'insert into payloads.payloads (id, size, sha256, bytes) values ($1, $2, $3, $4)',
      values: [id, bytes.length, createHash('sha256').update(bytes).digest(), buffer],
    });
    return id;
  }

  /** Durable, all of them or none, when it resolves; the ids in their order. @throws PayloadError `too_large` */
  async putAll(all: readonly Uint8Array[]): Promise<string[]> {
    if (all.length === 0) return [];
    const bytes = all.reduce((sum, each) => sum + each.length, 0);
    if (bytes > MAX_PAYLOAD_BYTES) {
      const detail = `payloads of ${bytes} bytes together are over the limit of ${MAX_PAYLOAD_BYTES}`;
      throw new PayloadError('too_large', detail);
    }
    const ids = all.map(() => newId());
    const buffers = all.map((each) => Buffer.from(each.buffer, each.byteOffset, each.length));
    await this.#pool.query({
      name: 'payloads_put_all',
      text: `insert into payloads.payloads (id, size, sha256, bytes)
        select id, octet_length(bytes), sha256(bytes), bytes from unnest($1::uuid[], $2::bytea[]) as u(id, bytes)`,
      values: [ids, buffers],
    });
    return ids;
  }

  /**
   * Stores them under ids that the caller has derived; again when what was to name them was not stored. What is referenced already stays.
   * Durable when it resolves. @throws PayloadError `too_large`
   */
  async putAs(all: readonly { id: string; bytes: Uint8Array }[]): Promise<void> {
    for (const { id, bytes } of all) {
      if (bytes.length > MAX_PAYLOAD_BYTES) {
        const detail = `a payload of ${bytes.length} bytes is over the limit of ${MAX_PAYLOAD_BYTES}`;
        throw new PayloadError('too_large', detail);
      }
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      await this.#pool.query({
        name: 'payloads_put_as',
        text: `insert into payloads.payloads as p (id, size, sha256, bytes) values ($1, $2, $3, $4)
          on conflict (id) do update set size = excluded.size, sha256 = excluded.sha256, bytes = excluded.bytes, created_at = now()
          where not p.referenced`,
        values: [id, bytes.length, createHash('sha256').update(bytes).digest(), buffer],
      });
    }
  }

  /** Marks them as referenced with the append that names them; the append fails when one of them was swept. */
  reference(ids: readonly string[]): Alongside {
    return { statement: REFERENCE, rows: ids.map((id) => [id]) };
  }

  /** @throws PayloadError `unknown` or `damaged` */
  async get(id: string): Promise<Buffer> {
    const { rows } = await this.#pool.query<{ bytes: Buffer; sha256: Buffer }>({
      name: 'payloads_get',
      text: 'select bytes, sha256 from payloads.payloads where id = $1',
      values: [id],
    });
    const row = rows[0];
    if (!row) throw new PayloadError('unknown', `payload ${id} does not exist`);
    if (!createHash('sha256').update(row.bytes).digest().equals(row.sha256)) {
      throw new PayloadError('damaged', `payload ${id} is not what was stored`);
    }
    return row.bytes;
  }

  /** Deletes these, referenced or not; those that are gone already are passed over. */
  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#pool.query('delete from payloads.payloads where id = any($1::uuid[])', [ids]);
  }

  /** Deletes what nothing referred to for so long, in small transactions. @returns how many. */
  async sweepOrphans(olderThanMs = 24 * 3600 * 1000, pageSize = 100): Promise<number> {
    let count = 0;
    for (;;) {
      const { rowCount } = await this.#pool.query(
        `delete from payloads.payloads where id in (
          select id from payloads.payloads
          where not referenced and created_at < now() - make_interval(secs => $1) order by created_at limit $2 for update skip locked
        ) and not referenced`,
        [olderThanMs / 1000, pageSize],
      );
      count += rowCount ?? 0;
      if ((rowCount ?? 0) < pageSize) return count;
    }
  }

  /**
   * Deletes what was stored before a time (Unix milliseconds), referred to or not, but for `held`: for whoever knows that
   * what referred to the rest is gone. In small transactions. @returns how many.
   */
  async sweepOld(
    beforeMs: number,
    { held = [], signal, pageSize = 100 }: { held?: readonly string[]; signal?: AbortSignal; pageSize?: number } = {},
  ): Promise<number> {
    let count = 0;
    for (;;) {
      const { rowCount } = await this.#pool.query(
        `delete from payloads.payloads where id in (
          select id from payloads.payloads where id < $1::uuid and id <> all($3::uuid[])
          order by id limit $2 for update skip locked)`,
        [firstIdAt(beforeMs), pageSize, held],
      );
      count += rowCount ?? 0;
      if ((rowCount ?? 0) < pageSize || signal?.aborted) return count;
    }
  }
}
