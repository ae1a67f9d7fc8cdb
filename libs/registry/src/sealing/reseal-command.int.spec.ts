import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { SealedValues } from '@sluice/sealed-values';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, client, startRegistry } from '../registry.fixture.ts';

interface Key {
  id: string;
  key: Buffer;
}

/** More than one portion of the route. */
const VALUES = 2_050;
const COMMAND = path.join(import.meta.dirname, '../../../../tools/reseal.mjs');

let database: TestDatabase;
const [OLD, NEW] = ['old', 'new'].map((id) => ({ id, key: randomBytes(32) })) as [Key, Key];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

async function withKeys<T>(encryptionKeys: Key[], work: (url: string) => Promise<T>): Promise<T> {
  const running = await startRegistry(database.url, { encryptionKeys });
  try {
    return await work(running.url);
  } finally {
    await running.close();
  }
}

function command(url: string, token = ADMIN_TOKEN): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [COMMAND, url], { env: { PATH: process.env.PATH, SLUICE_ADMIN_TOKEN: token } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

describe('RG-06: npm run reseal', () => {
  it('seals everything again in portions, tells how far it is, and the old key is not needed any more', async () => {
    await withKeys([OLD], async (url) => {
      const call = client(url);
      expect((await call('PUT', '/v1/secrets/shop', { value: 'the value' })).status).toBe(201);
      const old = new SealedValues({ pool: database.pool, keys: [OLD] });
      for (let each = 0; each < VALUES; each++) await old.seal(database.pool, { owner: 'test' }, `v${each}`);
    });
    const done = await withKeys([NEW, OLD], (url) => command(url));
    expect(done).toEqual({
      code: 0,
      text: [
        `sealed again with key new: 2000, left: ${VALUES + 1 - 2000}`,
        `sealed again with key new: ${VALUES + 1}, left: 0`,
        'done: old can be taken out now',
        '',
      ].join('\n'),
    });
    await withKeys([NEW], async (url) => {
      const { body } = await client(url)('GET', '/v1/secrets/sealing-keys');
      expect(body.keys).toEqual([{ id: 'new', isKnown: true, values: VALUES + 1 }]);
    });
    const { rows } = await database.pool.query<{ id: string; version: number }>(
      "select id, version from sealed.values where owner = 'test' limit 1",
    );
    const [row] = rows;
    expect(
      await new SealedValues({ pool: database.pool, keys: [NEW] }).open(row as { id: string; version: number }),
    ).toMatch(/^v\d+$/);
  }, 60_000);

  it('says which key is missing, who may not, and how it is used, each with a code of its own', async () => {
    const third = { id: 'third', key: randomBytes(32) };
    await withKeys([third], async (url) => {
      const left = await command(url);
      expect([left.code, left.text]).toEqual([2, expect.stringContaining(`${VALUES + 1} values need the key new`)]);
      const stranger = await command(url, 'somebody else, who has no such token');
      expect([stranger.code, stranger.text]).toEqual([1, expect.stringContaining('401')]);
      expect(await command(url, '')).toMatchObject({ code: 1, text: expect.stringContaining('usage:') });
    });
    expect((await command('http://127.0.0.1:1')).code).toBe(1);
  }, 60_000);
});
