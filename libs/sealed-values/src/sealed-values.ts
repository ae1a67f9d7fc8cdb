import { newId, type SealedRef } from '@sluice/contracts';
import type { ClientBase, Pool } from 'pg';
import { type EncryptionKey, KeyRing, UnsealError } from './key-ring.ts';

/** DDL of the schema that every service may read and only this library touches. Safe to run at every start. */
export function sealedTablesSql(): string[] {
  return [
    'create schema if not exists sealed',
    `create table if not exists sealed.values (
      id uuid not null,
      version int not null,
      owner text not null,
      key_id text not null,
      nonce bytea not null,
      sealed bytea not null,
      created_at timestamptz not null default now(),
      primary key (id, version)
    )`,
  ];
}

interface SealedRow {
  id: string;
  version: number;
  owner: string;
  key_id: string;
  nonce: Buffer;
  sealed: Buffer;
}

/** How many values a key has sealed; `isKnown` is false for one that is in nobody's ring any more. */
export interface KeyUse {
  id: string;
  isKnown: boolean;
  values: number;
}

const CACHED = 5000;
const RESEAL_PAGE = 200;

/** The associated data: a row copied over another, or to another version, does not open. */
function identityOf(row: { id: string; version: number; owner: string }): string {
  return JSON.stringify(['sluice.sealed', row.id, row.version, row.owner]);
}

/**
 * Secrets that must be read again (RG-06). Events and other tables only name them by id and version; the value of a
 * version never changes, so what was opened is kept in memory.
 */
export class SealedValues {
  readonly #pool: Pool;
  readonly #ring: KeyRing;
  readonly #opened = new Map<string, string>();

  constructor(options: { pool: Pool; keys: readonly EncryptionKey[] }) {
    this.#pool = options.pool;
    this.#ring = new KeyRing(options.keys);
  }

  /**
   * Seals a value in the caller's transaction: a new one, or with `id` the next version of that one.
   * @param value.owner what it belongs to (`endpoint/<uuid>`), part of the associated data.
   */
  async seal(client: ClientBase | Pool, value: { id?: string; owner: string }, plaintext: string): Promise<SealedRef> {
    const id = value.id ?? newId();
    const version = value.id === undefined ? 1 : await this.#nextVersion(client, value.id);
    const ref = { id, version };
    const { keyId, nonce, sealed } = this.#ring.seal(
      Buffer.from(plaintext),
      identityOf({ ...ref, owner: value.owner }),
    );
    await client.query(
      'insert into sealed.values (id, version, owner, key_id, nonce, sealed) values ($1, $2, $3, $4, $5, $6)',
      [id, version, value.owner, keyId, nonce, sealed],
    );
    return ref;
  }

  /** @throws UnsealError when it does not exist, its key is gone, or it was tampered with; database errors as they are. */
  async open(ref: SealedRef): Promise<string> {
    const name = `${ref.id}/${ref.version}`;
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const { rows } = await this.#pool.query<SealedRow>({
      name: 'sealed_open',
      text: 'select id, version, owner, key_id, nonce, sealed from sealed.values where id = $1 and version = $2',
      values: [ref.id, ref.version],
    });
    const row = rows[0];
    if (!row) throw new UnsealError(`sealed value ${name} does not exist`);
    const plaintext = this.#openRow(row);
    if (this.#opened.size >= CACHED) this.#opened.delete(this.#opened.keys().next().value as string);
    this.#opened.set(name, plaintext);
    return plaintext;
  }

  /** Deletes every version: whoever still refers to it can no longer send with it. */
  async remove(client: ClientBase | Pool, id: string): Promise<void> {
    await client.query('delete from sealed.values where id = $1', [id]);
    for (const name of this.#opened.keys()) if (name.startsWith(`${id}/`)) this.#opened.delete(name);
  }

  /** Deletes the versions before this one (a rotation's overlap is over). */
  async removeBefore(client: ClientBase | Pool, ref: SealedRef): Promise<void> {
    await client.query('delete from sealed.values where id = $1 and version < $2', [ref.id, ref.version]);
    for (let version = 1; version < ref.version; version++) this.#opened.delete(`${ref.id}/${version}`);
  }

  /**
   * Seals again with the first key of the ring what other keys sealed, page by page, so that those can be taken out.
   * Values keep their versions. Safe to repeat, to interrupt, and to run twice at a time.
   * @param atMost stops after so many, so that a caller can show progress.
   * @returns how many were sealed again, and those that no key of the ring opens: they stay as they are.
   */
  async reseal(atMost = Number.POSITIVE_INFINITY): Promise<{ resealed: number; unopenable: SealedRef[] }> {
    let resealed = 0;
    const unopenable: SealedRef[] = [];
    let after: SealedRef = { id: '00000000-0000-0000-0000-000000000000', version: 0 };
    while (resealed < atMost) {
      const { rows } = await this.#pool.query<SealedRow>(
        `select id, version, owner, key_id, nonce, sealed from sealed.values
         where key_id <> $1 and (id, version) > ($2, $3) order by id, version limit $4`,
        [this.#ring.sealingKeyId, after.id, after.version, Math.min(RESEAL_PAGE, atMost - resealed)],
      );
      for (const row of rows) {
        if (await this.#resealRow(row)) resealed += 1;
        else unopenable.push({ id: row.id, version: row.version });
      }
      const last = rows.at(-1);
      if (!last) break;
      after = { id: last.id, version: last.version };
    }
    return { resealed, unopenable };
  }

  /** The keys of the ring, the sealing one first, and every other that a value still needs. */
  async keyUse(): Promise<KeyUse[]> {
    const { rows } = await this.#pool.query<{ id: string; values: number }>(
      'select key_id as id, count(*)::int as values from sealed.values group by key_id order by key_id',
    );
    const used = new Map(rows.map((row) => [row.id, row.values]));
    const known = this.#ring.keyIds.map((id) => ({ id, isKnown: true, values: used.get(id) ?? 0 }));
    const lost = rows.filter((row) => !this.#ring.keyIds.includes(row.id));
    return [...known, ...lost.map((row) => ({ ...row, isKnown: false }))];
  }

  async #resealRow(row: SealedRow): Promise<boolean> {
    let plaintext: Buffer;
    try {
      plaintext = Buffer.from(this.#openRow(row));
    } catch (error) {
      if (error instanceof UnsealError) return false;
      throw error;
    }
    const next = this.#ring.seal(plaintext, identityOf(row));
    await this.#pool.query(
      'update sealed.values set key_id = $4, nonce = $5, sealed = $6 where id = $1 and version = $2 and key_id = $3',
      [row.id, row.version, row.key_id, next.keyId, next.nonce, next.sealed],
    );
    return true;
  }

  #openRow(row: SealedRow): string {
    try {
      const bytes = { keyId: row.key_id, nonce: row.nonce, sealed: row.sealed };
      return this.#ring.open(bytes, identityOf(row)).toString();
    } catch (error) {
      throw new UnsealError(`sealed value ${row.id}/${row.version}: ${(error as Error).message}`, error);
    }
  }

  async #nextVersion(client: ClientBase | Pool, id: string): Promise<number> {
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0)::int + 1 as version from sealed.values where id = $1',
      [id],
    );
    return rows[0]?.version ?? 1;
  }
}
