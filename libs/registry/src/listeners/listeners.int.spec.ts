import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Call, client, GREET, pointersOf, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let app: { id: string; environmentId: number };
let inApp: { token: string };

async function freshApp(name: string): Promise<{ app: typeof app; inApp: typeof inApp }> {
  const made = (await call('POST', '/v1/apps', { name })).body as unknown as typeof app;
  const headers = { 'x-sluice-app': made.id };
  const token = await call('POST', '/v1/tokens', { note: 'app', scopes: ['automation'], appId: made.id }, { headers });
  return { app: made, inApp: { token: String(token.body.token) } };
}

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url, { outboundAllow: ['127.0.0.0/8'] });
  call = client(running.url);
  ({ app, inApp } = await freshApp('lenra'));
  await call('POST', '/v1/flows', { ...GREET, listener: 'greet' }, inApp);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const create = (body: unknown, path = '/app/webhooks', token = inApp) => call('POST', path, body, token);

describe('webhooks in Lenra’s way', () => {
  it('LN-01: answers 200 with exactly its keys, and its address is that of the profile', async () => {
    const made = await create({ action: 'greet', props: { a: [1] } });
    expect(made).toMatchObject({ status: 200 });
    expect(made.body).toEqual({
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      action: 'greet',
      props: { a: [1] },
      environment_id: app.environmentId,
      user_id: null,
    });
    const trigger = await call('GET', `/v1/triggers/${String(made.body.uuid)}`, undefined, inApp);
    expect(trigger.body).toMatchObject({
      profile: 'listener',
      listener: 'greet',
      ordering: 'app',
      auth: { type: 'none' },
      url: `https://sluice.example/apps/${app.id}/webhooks/${String(made.body.uuid)}`,
    });
  });

  it('LN-01: props left out are null, and the alias and the other field are echoed', async () => {
    expect((await create({ action: 'greet' })).body).toMatchObject({ action: 'greet', props: null });
    const aliased = await create({ listener: 'greet', unknown: 1 }, '/app-api/v1/webhooks');
    expect(aliased.status).toBe(200);
    expect(Object.keys(aliased.body).sort()).toEqual(['environment_id', 'listener', 'props', 'user_id', 'uuid']);
  });

  it('LN-01: the listener may come later, and the webhook belongs to whichever flow has the name', async () => {
    const mine = await freshApp('later');
    const make = (path: string, body: unknown) => call('POST', path, body, mine.inApp);
    const early = await make('/app/webhooks', { action: 'later', props: 1 });
    expect([early.status, early.body]).toMatchObject([200, { action: 'later', props: 1 }]);
    const uuid = String(early.body.uuid);
    const route = async () => {
      const sql = 'select flow_id, listener, status, app_id from registry.routes where trigger_id = $1';
      return (await database.pool.query(sql, [uuid])).rows as unknown[];
    };
    expect(await route()).toEqual([{ flow_id: null, listener: null, status: null, app_id: mine.app.id }]);
    const flow = (await make('/v1/flows', { ...GREET, listener: 'later' })).body;
    expect(await route()).toEqual([{ flow_id: flow.id, listener: 'later', status: 'active', app_id: mine.app.id }]);
    const ofFlow = await call('GET', `/v1/triggers?flowId=${String(flow.id)}`, undefined, mine.inApp);
    expect(ofFlow.body.items).toMatchObject([{ id: uuid, flowId: null, listener: 'later' }]);
    await call('DELETE', `/v1/flows/${String(flow.id)}`, undefined, mine.inApp);
    expect(await route()).toMatchObject([{ flow_id: null }]);
    const next = (await make('/v1/flows', { ...GREET, listener: 'later' })).body;
    expect(await route()).toMatchObject([{ flow_id: next.id }]);
    expect((await call('GET', `/api/webhooks?env_id=${mine.app.environmentId}`, undefined, mine.inApp)).body).toEqual([
      early.body,
    ]);
  });

  it('a trigger of our own API may name a listener too, with profile listener and without a flow', async () => {
    const make = (more: object) => call('POST', '/v1/triggers', { name: 'Named', ...more }, inApp);
    expect((await make({ profile: 'listener', listener: 'any' })).body).toMatchObject({
      flowId: null,
      listener: 'any',
    });
    const refused = [
      { listener: 'any' },
      { listener: 'any', profile: 'native' },
      { listener: 'any', profile: 'listener', flowId: app.id },
      { profile: 'listener' },
      { profile: 'listener', listener: ' ' },
    ];
    for (const more of refused) expect([more, (await make(more)).status]).toEqual([more, 422]);
  });

  it('LN-02: without a token 401, without a listener 400, both as message and reason', async () => {
    const stranger = await call('POST', '/app/webhooks', { action: 'greet' }, { token: null });
    expect(stranger.status).toBe(401);
    expect(stranger.body).toEqual({ message: expect.any(String), reason: 'unauthorized' });
    for (const body of [{}, { action: '' }, { action: 7 }, { action: null }, [], { props: {} }, { action: '\u0000' }]) {
      const refused = await create(body);
      expect([refused.status, refused.body]).toEqual([
        400,
        { message: expect.any(String), reason: 'invalid_listener' },
      ]);
    }
  });

  it('LN-02: a body that is no JSON, is no form of JSON or holds what cannot be stored is refused in the same shape', async () => {
    const send = async (body: string, type = 'application/json') => {
      const headers = { authorization: `Bearer ${inApp.token}`, 'content-type': type };
      const answer = await fetch(`${running.url}/app/webhooks`, { method: 'POST', headers, body });
      return [answer.status, answer.headers.get('content-type'), (await answer.json()) as unknown];
    };
    const shape = (reason: string) => ({ message: expect.any(String), reason });
    const json = 'application/json; charset=utf-8';
    expect(await send('{"action":')).toEqual([400, json, shape('malformed_json')]);
    expect(await send('action=greet', 'text/plain')).toEqual([415, json, shape('unsupported_media_type')]);
    for (const props of ['"\\u0000"', '{"a":"\\ud800"}']) {
      expect(await send(`{"action":"greet","props":${props}}`)).toEqual([422, json, shape('invalid_request')]);
    }
  });

  it('LN-02: a token that may not manage is 403, in the same shape', async () => {
    const weak = await call('POST', '/v1/tokens', { note: 'weak', scopes: ['automation.view'], appId: app.id });
    const refused = await create({ action: 'greet' }, '/app/webhooks', { token: String(weak.body.token) });
    expect([refused.status, Object.keys(refused.body)]).toEqual([403, ['message', 'reason']]);
  });

  it('LN-02, LN-09: made with a user’s token it carries the user’s number, by which a list can be narrowed', async () => {
    const mine = await freshApp('users');
    await call('POST', '/v1/flows', { ...GREET, listener: 'greet' }, mine.inApp);
    const user = { email: 'ada@example.org', name: 'Ada', password: 'correct horse battery' };
    const roles = [{ appId: mine.app.id, role: 'editor' }];
    const { number } = (await call('POST', '/v1/users', { ...user, roles })).body;
    const session = await call('POST', '/v1/sessions', { email: user.email, password: user.password }, { token: null });
    const token = { token: String(session.body.token), headers: { 'x-sluice-app': mine.app.id } };
    const own = await call('POST', '/app/webhooks', { action: 'greet' }, token);
    expect([own.status, own.body.user_id]).toEqual([200, number]);
    await create({ action: 'greet' }, '/app/webhooks', mine.inApp);
    const list = async (more: string) =>
      (await call('GET', `/api/webhooks?env_id=${mine.app.environmentId}${more}`, undefined, token)).body;
    expect(await list('')).toHaveLength(2);
    expect(await list(`&user_id=${String(number)}`)).toEqual([own.body]);
    expect(await list('&user_id=999999')).toEqual([]);
  });

  it('LN-09: lists an environment as a bare array, asks for env_id, and shows others nothing', async () => {
    const other = await freshApp('other');
    const list = (query: string, token = inApp) => call('GET', `/api/webhooks${query}`, undefined, token);
    const listed = (await list(`?env_id=${app.environmentId}`)).body as unknown as Record<string, unknown>[];
    expect(listed.map((each) => [each.action ?? each.listener, each.props])).toEqual([
      ['greet', { a: [1] }],
      ['greet', null],
      ['greet', null],
      ['any', null],
    ]);
    for (const query of ['', '?env_id=', '?env_id=x', '?user_id=1', '?env_id=1&user_id=me']) {
      expect([query, await list(query)]).toMatchObject([query, { status: 400, body: { reason: 'null_parameters' } }]);
    }
    expect((await list(`?env_id=${app.environmentId}`, other.inApp)).body).toEqual([]);
    expect((await list('?env_id=999999')).body).toEqual([]);
  });
});

describe('PUT /v1/listeners/{name}', () => {
  it('LN-06: binds a name to a URL once and again, as a flow that can be paused and has webhooks', async () => {
    const put = (name: string, body: unknown) => call('PUT', `/v1/listeners/${name}`, body, inApp);
    const bound = await put('onTodo', { url: 'http://127.0.0.1:3000/' });
    expect(bound).toMatchObject({
      status: 201,
      body: { name: 'onTodo', url: 'http://127.0.0.1:3000/', status: 'active' },
    });
    const again = await put('onTodo', { url: 'http://127.0.0.1:3001/', timeout: 'PT10S' });
    expect(again).toMatchObject({ status: 200, body: { flowId: bound.body.flowId, timeout: 'PT10S' } });
    const { body: flow } = await call('GET', `/v1/flows/${String(bound.body.flowId)}`, undefined, inApp);
    expect(flow).toMatchObject({ listener: 'onTodo', version: 2, publishedVersion: 2 });
    expect((await create({ action: 'onTodo' })).status).toBe(200);
    const listed = await call('GET', '/v1/listeners', undefined, inApp);
    expect(listed.body.items).toMatchObject([
      { name: 'onTodo', url: 'http://127.0.0.1:3001/' },
      { name: 'greet', url: null },
    ]);
    // Webhooks find a listener by its name, so they do not hold it; a trigger of the flow itself does.
    const held = { flowId: bound.body.flowId, name: 'held', profile: 'listener' };
    const trigger = (await call('POST', '/v1/triggers', held, inApp)).body;
    expect((await call('DELETE', '/v1/listeners/onTodo', undefined, inApp)).body.code).toBe('flow_in_use');
    await call('DELETE', `/v1/triggers/${String(trigger.id)}`, undefined, inApp);
    expect((await call('DELETE', '/v1/listeners/onTodo', undefined, inApp)).status).toBe(204);
  });

  it('refuses addresses that may not be called, names of flows, and what is no listener', async () => {
    const put = (name: string, body: unknown) => call('PUT', `/v1/listeners/${name}`, body, inApp);
    expect((await put('x', { url: 'http://10.0.0.1/' })).body.errors).toMatchObject([{ pointer: '/url' }]);
    expect((await put('x', { url: 'ftp://127.0.0.1/' })).status).toBe(422);
    expect((await put('x', {})).status).toBe(422);
    expect((await put('x', { url: 'http://127.0.0.1/', timeout: 'soon' })).status).toBe(422);
    expect((await put('with%20blank', { url: 'http://127.0.0.1/' })).status).toBe(422);
    expect((await put('greet', { url: 'http://127.0.0.1/' })).body.code).toBe('listener_taken');
    expect((await call('DELETE', '/v1/listeners/none', undefined, inApp)).status).toBe(404);
    await put('shortLived', { url: 'http://127.0.0.1/' });
    expect((await call('DELETE', '/v1/listeners/shortLived', undefined, inApp)).status).toBe(204);
    expect((await call('GET', '/v1/listeners/shortLived', undefined, inApp)).status).toBe(404);
  });
});

describe('crons', () => {
  const cron = (body: unknown) => call('POST', '/app-api/v1/crons', body, inApp);

  it('are made, listed and deleted in the vendor’s shape; a listener with one stays', async () => {
    await call('POST', '/v1/flows', { ...GREET, listener: 'tick' }, inApp);
    const made = await cron({ listener_name: 'tick', schedule: '0 8 * * 1-5', time_zone: 'Europe/Berlin', props: [1] });
    expect([made.status, made.body]).toEqual([
      200,
      {
        id: expect.any(String),
        listener_name: 'tick',
        schedule: '0 8 * * 1-5',
        time_zone: 'Europe/Berlin',
        props: [1],
        environment_id: app.environmentId,
      },
    ]);
    const list = async () => (await call('GET', '/app-api/v1/crons', undefined, inApp)).body;
    expect(await list()).toEqual([made.body]);
    const flow = await call('GET', '/v1/listeners/tick', undefined, inApp);
    const refused = await call('DELETE', `/v1/flows/${String(flow.body.flowId)}`, undefined, inApp);
    expect(refused.body.code).toBe('flow_in_use');
    const path = `/app-api/v1/crons/${String(made.body.id)}`;
    const other = await freshApp('cron-other');
    expect(await call('DELETE', path, undefined, other.inApp)).toMatchObject({
      status: 404,
      body: { reason: 'error_404' },
    });
    expect((await call('DELETE', path, undefined, inApp)).status).toBe(204);
    expect([await list(), (await call('DELETE', path, undefined, inApp)).status]).toEqual([[], 404]);
  });

  it('refuse what is no listener, no schedule or no time zone', async () => {
    const good = { listener_name: 'greet', schedule: '@daily' };
    const cases: [Record<string, unknown>, string][] = [
      [{ ...good, listener_name: undefined }, 'invalid_listener'],
      [{ ...good, listener_name: 'nobody' }, 'invalid_listener'],
      [{ ...good, schedule: undefined }, 'invalid_schedule'],
      [{ ...good, schedule: '* * * * * *' }, 'invalid_schedule'],
      [{ ...good, time_zone: 'Mars/Olympus' }, 'invalid_schedule'],
      [{ ...good, props: 'x'.repeat(70_000) }, 'invalid_schedule'],
    ];
    for (const [body, reason] of cases)
      expect([reason, await cron(body)]).toMatchObject([reason, { status: 400, body: { reason } }]);
  });

  it('FL-08: schedules of a flow are checked when it is saved', async () => {
    const save = (schedules: unknown) => call('POST', '/v1/flows', { ...GREET, schedules }, inApp);
    const saved = await save([{ cron: '0 8 * * *', timeZone: 'Europe/Berlin', input: { n: 1 } }, { cron: '@hourly' }]);
    expect(saved.status).toBe(201);
    const bad = await save([{ cron: 'x' }, { cron: '@daily', timeZone: 'Mars' }, { cron: '@daily', at: 1 }, 7]);
    expect(pointersOf(bad)).toEqual(['/schedules/0/cron', '/schedules/1/timeZone', '/schedules/2/at', '/schedules/3']);
    expect(pointersOf(await save('daily'))).toEqual(['/schedules']);
  });
});
