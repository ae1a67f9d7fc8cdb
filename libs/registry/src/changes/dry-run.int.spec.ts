import { SealedValues } from '@sluice/sealed-values';
import type { EndpointState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { GREET, pointersOf, registryOfFile } from '../registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

/** Everything the registry knows, events and rows and sealed values, as text. */
async function everything(): Promise<string> {
  const tables = ['events', 'flows', 'saved_flow_versions', 'triggers', 'endpoints', 'tokens', 'secrets', 'apps'];
  const texts = await Promise.all(
    [...tables.map((table) => `registry.${table}`), 'sealed.values', 'access.tokens'].map(async (table) => {
      const { rows } = await registry.database.pool.query(`select t::text as row from ${table} t order by 1`);
      return JSON.stringify(rows);
    }),
  );
  return texts.join('\n');
}

describe('RG-01: dryRun', () => {
  it('answers as it would and changes nothing: create, update, publish, roll back, delete', async () => {
    const flow = String((await call('POST', '/v1/flows', GREET)).body.id);
    const endpoint = { kind: 'event', name: 'Shop', url: 'https://shop.example/', events: ['*'], secret: 's' };
    const hook = String((await call('POST', '/v1/endpoints', endpoint)).body.id);
    const trigger = String((await call('POST', '/v1/triggers', { flowId: flow, name: 'T' })).body.id);
    await call('PUT', '/v1/secrets/kept', { value: 'v' });
    const before = await everything();
    const dry = async (method: string, path: string, body?: unknown) => {
      const { status, headers } = await call(method, `${path}?dryRun=true`, body);
      return [status, headers.get('sluice-dry-run'), await everything()];
    };
    expect(await dry('POST', '/v1/flows', GREET)).toEqual([201, 'true', before]);
    expect(await dry('PATCH', `/v1/flows/${flow}`, { name: 'Other' })).toEqual([200, 'true', before]);
    expect(await dry('POST', `/v1/flows/${flow}/publish`, {})).toEqual([200, 'true', before]);
    expect(await dry('POST', `/v1/flows/${flow}/rollback`, { version: 1 })).toEqual([200, 'true', before]);
    expect(await dry('POST', '/v1/triggers', { flowId: flow, name: 'T' })).toEqual([201, 'true', before]);
    expect(await dry('POST', `/v1/triggers/${trigger}/tokens`)).toEqual([201, 'true', before]);
    expect(await dry('DELETE', `/v1/triggers/${trigger}`)).toEqual([204, 'true', before]);
    expect(await dry('PATCH', `/v1/endpoints/${hook}`, { secret: 'new' })).toEqual([200, 'true', before]);
    expect(await dry('DELETE', `/v1/endpoints/${hook}`)).toEqual([204, 'true', before]);
    expect(await dry('POST', '/v1/tokens', { scopes: ['automation'] })).toEqual([201, 'true', before]);
    expect(await dry('POST', '/v1/apps', { name: 'Another' })).toEqual([201, 'true', before]);
    expect(await dry('PUT', '/v1/listeners/dry-one', { url: 'https://app.example/' })).toEqual([201, 'true', before]);
    expect(await dry('PUT', '/v1/secrets/kept', { value: 'w' })).toEqual([200, 'true', before]);
    expect(await dry('DELETE', '/v1/secrets/kept')).toEqual([204, 'true', before]);
  });

  it('shows the state that would be', async () => {
    const flow = String((await call('POST', '/v1/flows', GREET)).body.id);
    const { body } = await call('PATCH', `/v1/flows/${flow}?dryRun=true`, {
      name: 'Other',
      steps: GREET.steps.slice(0, 1),
    });
    expect(body).toMatchObject({ id: flow, name: 'Other', version: 2, publishedVersion: 1 });
    expect((await call('GET', `/v1/flows/${flow}`)).body).toMatchObject({ name: 'Greet', version: 1 });
  });

  it('tells conflicts that only the database knows, stale tags, and everything invalid', async () => {
    await call('POST', '/v1/flows', { ...GREET, listener: 'dry' });
    const taken = await call('POST', '/v1/flows?dryRun=true', { ...GREET, listener: 'dry' });
    expect([taken.status, taken.body.code]).toEqual([409, 'listener_taken']);
    expect((await call('POST', '/v1/flows?dryRun=true', { name: '' })).status).toBe(422);
    const flow = String((await call('POST', '/v1/flows', GREET)).body.id);
    const headers = { 'if-match': '"9"' };
    expect((await call('PATCH', `/v1/flows/${flow}?dryRun=true`, { name: 'x' }, { headers })).status).toBe(412);
  });

  it('keeps the sealed value of a secret that a rehearsal would have replaced', async () => {
    const created = await call('POST', '/v1/endpoints', {
      kind: 'event',
      name: 'Kept',
      url: 'https://shop.example/',
      events: ['*'],
      secret: 'the first',
    });
    await call('PATCH', `/v1/endpoints/${String(created.body.id)}?dryRun=true`, { secret: 'the second' });
    const { rows } = await registry.database.pool.query<{ state: string }>(
      'select state from registry.endpoints where id = $1',
      [created.body.id],
    );
    const { secret } = JSON.parse(rows[0]?.state ?? '{}') as EndpointState;
    const sealed = new SealedValues({ pool: registry.database.pool, keys: registry.running.settings.encryptionKeys });
    expect(await sealed.open(secret ?? { id: '', version: 0 })).toBe('the first');
  });

  it.each(['yes', '', '1', 'true&dryRun=true'])('refuses dryRun=%s, rather than doing it in earnest', async (value) => {
    const answer = await call('POST', `/v1/flows?dryRun=${value}`, GREET);
    expect([answer.status, pointersOf(answer)]).toEqual([422, ['/dryRun']]);
  });
});
