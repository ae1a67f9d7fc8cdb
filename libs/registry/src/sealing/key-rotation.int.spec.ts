import { randomBytes } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { SealedValues } from '@sluice/sealed-values';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Call, client, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
const [OLD, NEW] = ['old', 'new'].map((id) => ({ id, key: randomBytes(32) })) as [
  { id: string; key: Buffer },
  { id: string; key: Buffer },
];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

async function withKeys(keys: (typeof OLD)[], work: (call: Call) => Promise<void>): Promise<void> {
  const running = await startRegistry(database.url, { encryptionKeys: keys });
  try {
    await work(client(running.url));
  } finally {
    await running.close();
  }
}

describe('RG-06: rotating the encryption key', () => {
  it('the new key is put first, everything is sealed again, and the old one can be dropped', async () => {
    await withKeys([OLD], async (call) => {
      await call('PUT', '/v1/secrets/k', { value: 'the value' });
      await call('POST', '/v1/endpoints', {
        kind: 'event',
        name: 'Shop',
        url: 'https://shop.example/',
        events: ['*'],
        secret: 'the secret',
      });
    });
    await withKeys([NEW, OLD], async (call) => {
      const before = (await call('GET', '/v1/secrets/sealing-keys')).body;
      expect(before).toEqual({
        sealingKeyId: 'new',
        keys: [
          { id: 'new', isKnown: true, values: 0 },
          { id: 'old', isKnown: true, values: 2 },
        ],
      });
      expect((await call('POST', '/v1/secrets/reseal')).body).toMatchObject({
        resealed: 2,
        remaining: 0,
        unopenable: 0,
      });
      expect((await call('POST', '/v1/secrets/reseal')).body).toMatchObject({ resealed: 0, remaining: 0 });
    });
    const { rows } = await database.pool.query<{ id: string; version: number }>(
      'select id, version from sealed.values',
    );
    const withoutOld = new SealedValues({ pool: database.pool, keys: [NEW] });
    const opened = await Promise.all(rows.map((row) => withoutOld.open(row)));
    expect(opened.sort()).toEqual(['the secret', 'the value']);
  });

  it('a key that was dropped too early is named, and what it sealed stays', async () => {
    const third = { id: 'third', key: randomBytes(32) };
    await withKeys([third], async (call) => {
      const { body } = await call('POST', '/v1/secrets/reseal');
      expect(body).toMatchObject({ resealed: 0, remaining: 2, unopenable: 2 });
      expect(body.keys).toContainEqual({ id: 'new', isKnown: false, values: 2 });
    });
  });

  it('is for tokens of all apps only', async () => {
    await withKeys([NEW], async (call) => {
      const app = String((await call('POST', '/v1/apps', { name: 'One' })).body.id);
      const token = String((await call('POST', '/v1/tokens', { scopes: ['admin'], appId: app })).body.token);
      expect((await call('POST', '/v1/secrets/reseal', undefined, { token })).status).toBe(403);
      expect((await call('GET', '/v1/secrets/sealing-keys', undefined, { token })).status).toBe(403);
    });
  });

  it('the registry refuses to start without a key', async () => {
    await expect(startRegistry(database.url, { encryptionKeys: [] })).rejects.toThrow('no encryption key');
  });
});

describe('RG-01: secrets', () => {
  it('are listed page by page in the order of their names, have an ETag and honour If-Match', async () => {
    await withKeys([NEW], async (call) => {
      for (const name of ['b', 'a', 'c']) await call('PUT', `/v1/secrets/${name}`, { value: 'v' });
      const first = await call('GET', '/v1/secrets?limit=2');
      expect(first.body.items?.map((item) => item.name)).toEqual(['a', 'b']);
      const rest = await call('GET', `/v1/secrets?cursor=${String(first.body.nextCursor)}`);
      expect([rest.body.items?.map((item) => item.name), rest.body.nextCursor]).toEqual([['c', 'k'], null]);
      expect((await call('GET', '/v1/secrets?cursor=bjE')).status).toBe(422);
      const { headers, body } = await call('GET', '/v1/secrets/a');
      expect([headers.get('etag'), body.value]).toEqual(['"1"', undefined]);
      const change = (tag: string) => call('PUT', '/v1/secrets/a', { value: 'w' }, { headers: { 'if-match': tag } });
      expect([(await change('"1"')).status, (await change('"1"')).status]).toEqual([200, 412]);
      const absent = await call('PUT', '/v1/secrets/none', { value: 'w' }, { headers: { 'if-match': '*' } });
      expect(absent.status).toBe(412);
      expect((await call('DELETE', '/v1/secrets/a', undefined, { headers: { 'if-match': '"1"' } })).status).toBe(412);
      expect((await call('DELETE', '/v1/secrets/a', undefined, { headers: { 'if-match': '"2"' } })).status).toBe(204);
      expect((await call('GET', '/v1/secrets/a')).status).toBe(404);
    });
  });
});
