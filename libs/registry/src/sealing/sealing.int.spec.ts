import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Call, client, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** Does something with a registry that is then stopped in good order. */
async function during(work: (call: Call) => Promise<void>): Promise<void> {
  const running = await startRegistry(database.url);
  try {
    await work(client(running.url));
  } finally {
    await running.close();
  }
}

async function sealedVersions(): Promise<number[]> {
  const { rows } = await database.pool.query<{ version: number }>('select version from sealed.values order by version');
  return rows.map((row) => row.version);
}

const HOOK = { kind: 'event', name: 'Shop', url: 'https://shop.example/hook', events: ['*'], secret: 'one' };

describe('sealed values that nothing refers to any more', () => {
  it('stay for those who are about to open them, and are gone after the registry has stopped', async () => {
    await during(async (call) => {
      const { body } = await call('POST', '/v1/endpoints', HOOK);
      await call('PATCH', `/v1/endpoints/${String(body.id)}`, { secret: 'two' });
      await call('PATCH', `/v1/endpoints/${String(body.id)}`, { secret: 'three' });
      expect(await sealedVersions()).toEqual([1, 2, 3]);
    });
    expect(await sealedVersions()).toEqual([3]);
  });

  it('go with the endpoint and with the secret that they belonged to', async () => {
    await during(async (call) => {
      const { body } = await call('POST', '/v1/endpoints', { ...HOOK, headers: [{ key: 'X-Key', value: 'v' }] });
      await call('DELETE', `/v1/endpoints/${String(body.id)}`);
      await call('PUT', '/v1/secrets/k', { value: 'v' });
      await call('DELETE', '/v1/secrets/k');
      expect(await sealedVersions()).toEqual([1, 1, 1]);
    });
    expect(await sealedVersions()).toEqual([]);
  });

  it('are not written at all when the change is refused', async () => {
    await during(async (call) => {
      const { body } = await call('POST', '/v1/endpoints', HOOK);
      const headers = { 'if-match': '"9"' };
      await call('PATCH', `/v1/endpoints/${String(body.id)}`, { secret: 'two' }, { headers });
      await call('POST', '/v1/endpoints', { ...HOOK, url: 'http://10.0.0.1/' });
      expect(await sealedVersions()).toEqual([1]);
    });
  });
});
