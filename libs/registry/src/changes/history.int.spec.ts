import { describe, expect, it } from 'vitest';
import { type Body, GREET, registryOfFile } from '../registry.fixture.ts';

const { call } = registryOfFile();

async function historyOf(path: string): Promise<Body[]> {
  const { status, body } = await call('GET', `${path}/history`);
  expect([path, status]).toEqual([path, 200]);
  return body.items ?? [];
}

describe('RG-03: the history', () => {
  it('of a flow says who, whence, when and what, and is there after the flow has gone', async () => {
    const roles = [{ appId: null, role: 'editor' }];
    const person = { email: 'ed@example.org', name: 'Ed', password: 'correct horse battery', roles };
    await call('POST', '/v1/users', person);
    const { email, password } = person;
    const session = await call('POST', '/v1/sessions', { email, password }, { token: null });
    const as = { token: session.body.token as string };
    const path = `/v1/flows/${String((await call('POST', '/v1/flows', GREET)).body.id)}`;
    await call('PATCH', path, { name: 'Renamed' }, as);
    const pat = await call('POST', '/v1/personal-access-tokens', { scopes: ['automation'] }, as);
    await call('PATCH', path, { steps: GREET.steps.slice(0, 2) }, { token: pat.body.token as string });
    await call('DELETE', path);
    const items = await historyOf(path);
    expect(items.map(({ type }) => type)).toEqual([
      'FlowDeleted',
      'FlowUpdated',
      'FlowUpdated',
      'FlowPublished',
      'FlowCreated',
    ]);
    const by = { type: 'user', name: 'Ed', address: '127.0.0.1' };
    expect(items[1]).toMatchObject({ actor: { ...by, tokenId: pat.body.id } });
    expect(items[1]?.changes).toContainEqual(expect.objectContaining({ pointer: '/steps/2' }));
    expect(items[2]).toMatchObject({ actor: by });
    expect(items[2]?.changes).toContainEqual({ pointer: '/name', before: 'Greet', after: 'Renamed' });
    expect(items[0]).toMatchObject({ actor: { type: 'token', name: 'SLUICE_ADMIN_TOKEN', address: '127.0.0.1' } });
    expect(Date.now() - Date.parse(items[0]?.at as string)).toBeLessThan(60_000);
  });

  it('comes in pages that compare with the version before, wherever a page begins', async () => {
    const path = `/v1/flows/${String((await call('POST', '/v1/flows', GREET)).body.id)}`;
    for (const name of ['One', 'Two', 'Three']) await call('PATCH', path, { name });
    const whole = await historyOf(path);
    const paged: Body[] = [];
    let cursor = '';
    do {
      const { body } = await call('GET', `${path}/history?limit=2${cursor}`);
      paged.push(...(body.items ?? []));
      cursor = body.nextCursor ? `&cursor=${body.nextCursor}` : '';
    } while (cursor !== '');
    expect(paged).toEqual(whole);
    expect(whole[0]?.changes).toContainEqual({ pointer: '/name', before: 'Two', after: 'Three' });
  });

  it('of everything else is there too, without a secret', async () => {
    const flow = (await call('POST', '/v1/flows', GREET)).body.id;
    const trigger = `/v1/triggers/${String((await call('POST', '/v1/triggers', { flowId: flow, name: 'T' })).body.id)}`;
    await call('POST', `${trigger}/tokens`);
    const hook = { kind: 'event', name: 'E', url: 'https://x.example', events: ['*'], secret: 'hidden-one' };
    const endpoint = `/v1/endpoints/${String((await call('POST', '/v1/endpoints', hook)).body.id)}`;
    await call('PATCH', endpoint, { secret: 'hidden-two' });
    const token = `/v1/tokens/${String((await call('POST', '/v1/tokens', { scopes: ['automation'] })).body.id)}`;
    await call('DELETE', token);
    const app = `/v1/apps/${String((await call('POST', '/v1/apps', { name: 'historic' })).body.id)}`;
    await call('PUT', '/v1/secrets/api_key', { value: 'hidden-three' });
    await call('PUT', '/v1/secrets/api_key', { value: 'hidden-four' });
    await call('DELETE', '/v1/secrets/api_key');
    const roles = [{ appId: null, role: 'viewer' }];
    const person = { email: 'v@example.org', name: 'V', password: 'hidden horse battery', roles };
    const user = `/v1/users/${String((await call('POST', '/v1/users', person)).body.id)}`;
    await call('PATCH', user, { password: 'hidden donkey battery' });
    await call('DELETE', user);
    const histories = new Map<string, Body[]>();
    for (const path of [trigger, endpoint, token, app, '/v1/secrets/api_key', user])
      histories.set(path, await historyOf(path));
    expect([...histories.values()].map((items) => items.map(({ type }) => type))).toEqual([
      ['TriggerTokenAdded', 'TriggerCreated'],
      ['EndpointUpdated', 'EndpointCreated'],
      ['TokenRevoked', 'TokenCreated'],
      ['AppCreated'],
      ['SecretDeleted', 'SecretSaved', 'SecretSaved'],
      ['UserDeleted', 'UserPasswordChanged', 'UserCreated'],
    ]);
    expect(histories.get(endpoint)?.[0]?.changes).toContainEqual({ pointer: '/secret', before: '***', after: '***' });
    expect(JSON.stringify([...histories.values()])).not.toMatch(/hidden|argon2|[0-9a-f]{64}/);
  });

  it('is of the kind that was asked for, and of the own app', async () => {
    const flow = String((await call('POST', '/v1/flows', GREET)).body.id);
    expect((await call('GET', `/v1/triggers/${flow}/history`)).status).toBe(404);
    expect((await call('GET', `/v1/flows/${flow}/history?cursor=bjE`)).body.items).toEqual([]);
    const other = await call('POST', '/v1/apps', { name: 'other' });
    const as = await call('POST', '/v1/tokens', { scopes: ['admin'], appId: other.body.id });
    expect((await call('GET', `/v1/flows/${flow}/history`, undefined, { token: as.body.token as string })).status).toBe(
      404,
    );
    expect((await call('GET', '/v1/flows/x/history')).status).toBe(404);
  });
});
