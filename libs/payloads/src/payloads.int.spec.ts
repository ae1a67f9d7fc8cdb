import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_PAYLOAD_BYTES, PAYLOAD_GONE, Payloads, payloadTablesSql } from './payloads.ts';

let database: TestDatabase;
let payloads: Payloads;

beforeAll(async () => {
  database = await createTestDatabase();
  for (let boot = 0; boot < 2; boot++) for (const statement of payloadTablesSql()) await database.pool.query(statement);
  payloads = new Payloads(database.pool);
});
beforeEach(async () => {
  await database.pool.query('truncate payloads.payloads');
});
afterAll(() => database.drop());

/** What the event store does with an alongside, as one statement of its own. */
async function reference(...ids: string[]): Promise<void> {
  const { statement, rows } = payloads.reference(ids);
  await database.pool.query(`with a as (${statement.sql(['$1::uuid[]'])}) select 1`, [rows.map((row) => row[0])]);
}

async function age(id: string): Promise<void> {
  await database.pool.query("update payloads.payloads set created_at = now() - interval '2 days' where id = $1", [id]);
}

describe('payloads', () => {
  it('gives back the same bytes, whatever they are', async () => {
    const bytes = randomBytes(700_000);
    const id = await payloads.put(bytes);
    expect((await payloads.get(id)).equals(bytes)).toBe(true);
    expect((await payloads.get(await payloads.put(new Uint8Array()))).length).toBe(0);
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + 5, 10);
    expect((await payloads.get(await payloads.put(view))).equals(bytes.subarray(5, 15))).toBe(true);
  });

  it('puts many at once, in their order, equal ones too', async () => {
    const all = [Buffer.from('a'), Buffer.alloc(0), randomBytes(300_000), Buffer.from('a')];
    const ids = await payloads.putAll(all);
    expect(await Promise.all(ids.map((id) => payloads.get(id)))).toEqual(all);
    expect(new Set(ids).size).toBe(4);
    expect(await payloads.putAll([])).toEqual([]);
    const halves = [Buffer.alloc(MAX_PAYLOAD_BYTES), Buffer.alloc(1)];
    await expect(payloads.putAll(halves)).rejects.toMatchObject({ code: 'too_large' });
  });

  it('refuses more than 16 MiB', async () => {
    const most = await payloads.put(Buffer.alloc(MAX_PAYLOAD_BYTES));
    expect((await payloads.get(most)).length).toBe(MAX_PAYLOAD_BYTES);
    await expect(payloads.put(Buffer.alloc(MAX_PAYLOAD_BYTES + 1))).rejects.toMatchObject({ code: 'too_large' });
  });

  it('tells unknown from damaged', async () => {
    await expect(payloads.get('00000000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'unknown' });
    const id = await payloads.put(Buffer.from('abc'));
    await database.pool.query("update payloads.payloads set bytes = 'abd'");
    await expect(payloads.get(id)).rejects.toMatchObject({ code: 'damaged' });
  });

  it('sweeps what is old and was never referenced, and nothing else', async () => {
    const orphan = await payloads.put(Buffer.from('orphan'));
    const kept = await payloads.put(Buffer.from('kept'));
    const young = await payloads.put(Buffer.from('young'));
    await reference(kept);
    await reference(kept);
    await age(orphan);
    await age(kept);
    expect(await payloads.sweepOrphans()).toBe(1);
    expect(await payloads.sweepOrphans()).toBe(0);
    await expect(payloads.get(orphan)).rejects.toMatchObject({ code: 'unknown' });
    expect((await payloads.get(kept)).toString()).toBe('kept');
    expect((await payloads.get(young)).toString()).toBe('young');
  });

  it('fails the append that refers to a payload which the sweep has taken', async () => {
    const id = await payloads.put(Buffer.from('late'));
    await age(id);
    await payloads.sweepOrphans();
    await expect(reference(id)).rejects.toMatchObject({ code: '23514', constraint: PAYLOAD_GONE });
  });
});
