import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EncryptionKey, KeyRing, UnsealError } from './key-ring.ts';
import { SealedValues, sealedTablesSql } from './sealed-values.ts';

let database: TestDatabase;
const first: EncryptionKey = { id: 'first', key: randomBytes(32) };
const second: EncryptionKey = { id: 'second', key: randomBytes(32) };
const values = (...keys: EncryptionKey[]): SealedValues => new SealedValues({ pool: database.pool, keys });

beforeAll(async () => {
  database = await createTestDatabase();
  for (let boot = 0; boot < 2; boot++) for (const statement of sealedTablesSql()) await database.pool.query(statement);
});
beforeEach(async () => {
  await database.pool.query('truncate sealed.values');
});
afterAll(() => database.drop());

describe('RG-06: sealed values', () => {
  it('opens what it sealed, version by version, and stores neither plaintext nor the same ciphertext twice', async () => {
    const sealed = values(first);
    const a = await sealed.seal(database.pool, { owner: 'endpoint/1' }, 'gehéim');
    const b = await sealed.seal(database.pool, { id: a.id, owner: 'endpoint/1' }, 'gehéim');
    expect(b).toEqual({ id: a.id, version: 2 });
    const fresh = values(first);
    expect(await fresh.open(a)).toBe('gehéim');
    expect(await fresh.open(b)).toBe('gehéim');
    const { rows } = await database.pool.query<{ sealed: Buffer }>('select sealed from sealed.values');
    expect(rows).toHaveLength(2);
    expect(rows[0]?.sealed.equals(rows[1]?.sealed as Buffer)).toBe(false);
    expect(rows[0]?.sealed.includes('gehéim')).toBe(false);
  });

  it('is part of the transaction it was sealed in', async () => {
    const sealed = values(first);
    const client = await database.pool.connect();
    await client.query('begin');
    const ref = await sealed.seal(client, { owner: 'o' }, 'x');
    await client.query('rollback');
    client.release();
    await expect(sealed.open(ref)).rejects.toThrow(UnsealError);
  });

  it('does not open a value that was copied onto another row, version or owner', async () => {
    const sealed = values(first);
    const a = await sealed.seal(database.pool, { owner: 'endpoint/1' }, 'mine');
    const b = await sealed.seal(database.pool, { owner: 'endpoint/1' }, 'theirs');
    const copy =
      'update sealed.values t set nonce = s.nonce, sealed = s.sealed from sealed.values s where s.id = $1 and t.id = $2';
    await database.pool.query(copy, [a.id, b.id]);
    await expect(sealed.open(b)).rejects.toThrow('not what was sealed for this row');
    await database.pool.query("update sealed.values set owner = 'endpoint/2' where id = $1", [a.id]);
    await expect(values(first).open(a)).rejects.toThrow(UnsealError);
  });

  it('does not open a value that was changed by one bit', async () => {
    const sealed = values(first);
    const ref = await sealed.seal(database.pool, { owner: 'o' }, 'secret');
    await database.pool.query('update sealed.values set sealed = set_bit(sealed, 0, 1 - get_bit(sealed, 0))');
    await expect(sealed.open(ref)).rejects.toThrow(UnsealError);
  });

  it('rotates keys: the new one seals, both open, and after resealing the old one can go', async () => {
    const old = values(first);
    const refs = [];
    for (let index = 0; index < 450; index++)
      refs.push(await old.seal(database.pool, { owner: `o${index}` }, `v${index}`));
    const both = values(second, first);
    const added = await both.seal(database.pool, { owner: 'new' }, 'n');
    expect(await both.open(refs[0] as (typeof refs)[number])).toBe('v0');
    await expect(values(second).open(refs[1] as (typeof refs)[number])).rejects.toThrow(
      'key first, which is not in the ring',
    );
    expect(await both.reseal(200)).toEqual({ resealed: 200, unopenable: [] });
    expect(await both.reseal()).toEqual({ resealed: 250, unopenable: [] });
    expect(await both.reseal()).toEqual({ resealed: 0, unopenable: [] });
    const without = values(second);
    expect(await without.open(refs[449] as (typeof refs)[number])).toBe('v449');
    expect(await without.open(added)).toBe('n');
  });

  it('forgets removed values, and versions before the present one after a rotation', async () => {
    const sealed = values(first);
    const one = await sealed.seal(database.pool, { owner: 'o' }, '1');
    const two = await sealed.seal(database.pool, { id: one.id, owner: 'o' }, '2');
    expect(await sealed.open(one)).toBe('1');
    await sealed.removeBefore(database.pool, two);
    await expect(sealed.open(one)).rejects.toThrow('does not exist');
    expect(await sealed.open(two)).toBe('2');
    await sealed.remove(database.pool, one.id);
    await expect(sealed.open(two)).rejects.toThrow('does not exist');
  });
});

describe('KeyRing', () => {
  it.each([
    ['no key', [], 'no encryption key'],
    ['a short key', [{ id: 'a', key: randomBytes(16) }], 'not 32 bytes'],
    ['an id twice', [first, { id: 'first', key: randomBytes(32) }], 'same id'],
  ])('refuses %s', (_, keys, message) => {
    expect(() => new KeyRing(keys)).toThrow(message);
  });
});
