import { describe, expect, it } from 'vitest';
import { GREET, registryOfFile } from '../registry.fixture.ts';

const { call } = registryOfFile();

describe('RG-08: external keys', () => {
  it('keep resources of one kind apart, are given back when one is deleted, and change like anything else', async () => {
    const flow = await call('POST', '/v1/flows', { ...GREET, externalKey: 'greet' });
    expect([flow.status, flow.body.externalKey]).toEqual([201, 'greet']);
    const trigger = { flowId: flow.body.id, name: 'Door', externalKey: 'greet' };
    const endpoint = { kind: 'event', name: 'Shop', url: 'https://shop.example/', events: ['*'], externalKey: 'greet' };
    for (const [route, body] of [
      ['/v1/flows', { ...GREET, name: 'Other', externalKey: 'greet' }],
      ['/v1/triggers', trigger],
      ['/v1/endpoints', endpoint],
    ] as const) {
      const first = route === '/v1/flows' ? flow : await call('POST', route, body);
      expect([route, first.status, first.body.externalKey]).toEqual([route, 201, 'greet']);
      const second = await call('POST', route, body);
      expect([route, second.status, second.body.code, second.body.errors?.[0]?.pointer]).toEqual([
        route,
        409,
        'external_key_taken',
        '/externalKey',
      ]);
      const path = `${route}/${String(first.body.id)}`;
      const same = await call('PATCH', path, { externalKey: 'greet' });
      expect(same.headers.get('etag')).toBe(first.headers.get('etag'));
      const without = await call('PATCH', path, { externalKey: null });
      expect([without.status, without.body.externalKey]).toEqual([200, null]);
      const twice = await call('PATCH', path, { externalKey: null });
      expect(twice.headers.get('etag')).toBe(without.headers.get('etag'));
      expect((await call('POST', `${route}?dryRun=true`, body)).status).toBe(201);
      expect((await call('PATCH', path, { externalKey: 'greet' })).body.externalKey).toBe('greet');
    }
  });

  it.each(['', ' ', 'a b', 'ä', 'x'.repeat(201), 7])('refuses the key %j', async (externalKey) => {
    const answer = await call('POST', '/v1/flows', { ...GREET, externalKey });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, '/externalKey']);
  });

  it('appId in a change names the app of the resource, or says that it is not there', async () => {
    const flow = await call('POST', '/v1/flows', { ...GREET, name: 'Named' });
    const other = await call('POST', '/v1/apps', { name: 'elsewhere' });
    const path = `/v1/flows/${String(flow.body.id)}`;
    expect((await call('PATCH', path, { name: 'Renamed', appId: flow.body.appId })).status).toBe(200);
    expect((await call('PATCH', path, { name: 'Renamed', appId: other.body.id })).status).toBe(404);
  });
});
