import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, GREET, pointersOf, registryOfFile } from '../registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

async function newFlow(change: Record<string, unknown> = {}): Promise<{ id: string; number: number; etag: string }> {
  const { status, body, headers } = await call('POST', '/v1/flows', { ...GREET, ...change });
  expect(status).toBe(201);
  return { id: body.id as string, number: body.number as number, etag: headers.get('etag') as string };
}

describe('FL-01: a flow as YAML', () => {
  const send = async (method: string, path: string, body: string | Buffer, type = 'application/yaml') => {
    const answer = await fetch(`${registry.running.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type },
      body,
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const YAML = 'name: From YAML\nsteps:\n  - ref: web1\n    type: webhook\n  - {ref: a, type: set, values: 1}\n';

  it('is saved and changed like JSON', async () => {
    const created = await send('POST', '/v1/flows', YAML);
    expect(created).toMatchObject({
      status: 201,
      body: { name: 'From YAML', steps: [{ ref: 'web1' }, { values: 1 }] },
    });
    const path = `/v1/flows/${String(created.body.id)}`;
    expect(await send('PATCH', path, 'steps: [{ref: b, type: fail}]')).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
  });

  it.each([
    ['no YAML', 'name: [', 400, 'malformed_yaml'],
    ['no UTF-8', Buffer.from([0x6e, 0xff]), 400, 'malformed_yaml'],
    ['no object', 'just text', 422, 'invalid_request'],
    ['a field that is unknown', `${YAML}stesp: []`, 422, 'invalid_request'],
    ['too long', `name: ${'x'.repeat(1_100_000)}`, 413, 'body_too_large'],
  ])('%s is refused', async (_what, body, status, code) => {
    expect(await send('POST', '/v1/flows', body)).toMatchObject({ status, body: { code } });
  });

  it('of more than one document is refused in words of its own', async () => {
    expect(await send('POST', '/v1/flows', `${YAML}---\n${YAML}`)).toMatchObject({
      status: 400,
      body: { code: 'malformed_yaml', detail: 'it has more than one document: a line --- begins another one' },
    });
  });

  it('has a schema that needs no credential', async () => {
    const answer = await fetch(`${registry.running.url}/v1/flow-schema.json`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
  });
});

describe('saving a flow', () => {
  it('answers with the flow, its address and its entity tag', async () => {
    const { status, body, headers } = await call('POST', '/v1/flows', GREET);
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'Greet', status: 'active', version: 1, publishedVersion: 1, listener: null });
    expect(body.steps).toEqual(GREET.steps);
    expect(body).not.toHaveProperty('propagating');
    expect(headers.get('location')).toBe(`/v1/flows/${String(body.id)}`);
    expect(headers.get('etag')).toBe('"2"');
    const read = await call('GET', `/v1/flows/${String(body.id)}`);
    expect(read.body).toEqual(body);
    expect(read.headers.get('etag')).toBe('"2"');
  });

  it('is a draft unless it is said to be active, and live is another word for active (LC-05)', async () => {
    const draft = await call('POST', '/v1/flows', { ...GREET, status: undefined });
    expect(draft.body).toMatchObject({ status: 'draft', publishedVersion: null });
    const live = await call('POST', '/v1/flows', { ...GREET, status: 'live' });
    expect(live.body).toMatchObject({ status: 'active', publishedVersion: 1 });
  });

  it('trims the name and keeps the steps as they were sent', async () => {
    const steps = [
      { ref: 'a', type: 'set', values: { constructor: 'x', toString: ' y ', list: [1, null, { deep: true }] } },
    ];
    const { body } = await call('POST', '/v1/flows', { name: '  Padded  ', steps });
    expect(body.name).toBe('Padded');
    expect(body.steps).toEqual(steps);
  });

  it('tells all problems at once, of fields and of steps (RG-01)', async () => {
    const answer = await call('POST', '/v1/flows', {
      name: '',
      status: 'running',
      colour: 'red',
      listener: 'two words',
      strict: 'yes',
      steps: [{ ref: 'a', type: 'sett', values: {} }],
      response: { mode: 'sync', status: '99' },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe('invalid_request');
    expect(pointersOf(answer)).toEqual(
      ['/colour', '/listener', '/name', '/response/status', '/status', '/steps/0/type', '/strict'].sort(),
    );
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it.each([
    ['a body that is a list', '[]', 422],
    ['a body that is text', '"x"', 422],
    ['null', 'null', 422],
    ['broken JSON', '{"name": ', 400],
    ['__proto__ as a key', '{"name": "x", "steps": [], "__proto__": {}}', 400],
    ['5,000-deep JSON', `{"name":"x","steps":${'['.repeat(5000)}${']'.repeat(5000)}}`, 422],
    [
      '250-deep JSON in a value',
      `{"name":"x","steps":[{"ref":"a","type":"set","values":${'['.repeat(250)}${']'.repeat(250)}}]}`,
      422,
    ],
  ])('refuses %s', async (what, body, status) => {
    const answer = await call('POST', '/v1/flows', body);
    expect(answer.status).toBe(status);
    const tooDeep = what.includes('-deep') ? 'too_deep' : 'invalid_request';
    expect(answer.body.code).toBe(status === 400 ? 'malformed_json' : tooDeep);
  });

  it('refuses a second flow with the same listener name in an app, and allows it in another', async () => {
    await newFlow({ listener: 'greet' });
    const second = await call('POST', '/v1/flows', { ...GREET, listener: 'greet' });
    expect(second.status).toBe(409);
    expect(second.body.code).toBe('listener_taken');
    const app = await call('POST', '/v1/apps', { name: 'listeners' });
    const elsewhere = await call('POST', '/v1/flows', { ...GREET, listener: 'greet', appId: app.body.id });
    expect(elsewhere.status).toBe(201);
  });
});

describe('versions of a flow (RG-04)', () => {
  it('a changed definition of an active flow is a draft until it is published', async () => {
    const { id } = await newFlow();
    const steps = [{ ref: 'web1', type: 'webhook' }];
    const edited = await call('PATCH', `/v1/flows/${id}`, { steps });
    expect(edited.body).toMatchObject({ status: 'active', version: 2, publishedVersion: 1, steps });
    const published = await call('POST', `/v1/flows/${id}/publish`);
    expect(published.body).toMatchObject({ status: 'active', version: 2, publishedVersion: 2 });
    const again = await call('POST', `/v1/flows/${id}/publish`, {});
    expect(again.headers.get('etag')).toBe(published.headers.get('etag'));
  });

  it('status active publishes the saved version at once', async () => {
    const { id } = await newFlow({ status: 'draft' });
    const { body } = await call('PATCH', `/v1/flows/${id}`, { status: 'active', steps: [] });
    expect(body).toMatchObject({ status: 'active', version: 2, publishedVersion: 2 });
  });

  it('rolls back to an earlier version without touching what was saved', async () => {
    const { id } = await newFlow();
    await call('PATCH', `/v1/flows/${id}`, { steps: [], status: 'active' });
    const back = await call('POST', `/v1/flows/${id}/rollback`, { version: 1 });
    expect(back.body).toMatchObject({ version: 2, publishedVersion: 1 });
    const { body } = await call('GET', `/v1/flows/${id}/versions`);
    expect(body.items?.map(({ version, published }) => ({ version, published }))).toEqual([
      { version: 2, published: false },
      { version: 1, published: true },
    ]);
    const first = await call('GET', `/v1/flows/${id}/versions/1`);
    expect(first.body.definition).toEqual({ steps: GREET.steps });
    expect((await call('GET', `/v1/flows/${id}/versions/7`)).status).toBe(404);
  });

  it('refuses to roll back to a version that does not exist', async () => {
    const { id } = await newFlow();
    const answer = await call('POST', `/v1/flows/${id}/rollback`, { version: 9 });
    expect([answer.status, pointersOf(answer)]).toEqual([422, ['/version']]);
    expect(pointersOf(await call('POST', `/v1/flows/${id}/rollback`, { version: '1' }))).toEqual(['/version']);
    expect(pointersOf(await call('POST', `/v1/flows/${id}/rollback`, {}))).toEqual(['/version']);
  });

  it('null takes an optional part away; saying the same again saves nothing', async () => {
    const { id } = await newFlow({ response: { mode: 'sync', status: '200' } });
    const without = await call('PATCH', `/v1/flows/${id}`, { response: null });
    expect(without.body).toMatchObject({ version: 2 });
    expect(without.body).not.toHaveProperty('response');
    const same = await call('PATCH', `/v1/flows/${id}`, { name: GREET.name, steps: GREET.steps });
    expect(same.body.version).toBe(2);
    expect(same.headers.get('etag')).toBe(without.headers.get('etag'));
  });

  it('ten concurrent changes without If-Match all happen, each once', async () => {
    const { id } = await newFlow();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => call('PATCH', `/v1/flows/${id}`, { name: `Name ${index}` })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => 200));
    const history = await call('GET', `/v1/flows/${id}/history`);
    expect(history.body.items?.filter((item) => item.type === 'FlowUpdated')).toHaveLength(10);
  });
});

describe('If-Match', () => {
  it('refuses a change that is meant for another version (412), and one of two at the same time', async () => {
    const { id, etag } = await newFlow();
    const headers = { 'if-match': etag };
    const both = await Promise.all([
      call('PATCH', `/v1/flows/${id}`, { name: 'A' }, { headers }),
      call('PATCH', `/v1/flows/${id}`, { name: 'B' }, { headers }),
    ]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 412]);
    const late = await call('DELETE', `/v1/flows/${id}`, undefined, { headers });
    expect([late.status, late.body.code]).toEqual([412, 'precondition_failed']);
    const any = await call('PATCH', `/v1/flows/${id}`, { name: 'C' }, { headers: { 'if-match': '*' } });
    expect(any.status).toBe(200);
  });
});

describe('finding flows', () => {
  it('lists newest first, page by page, without losing or repeating one', async () => {
    const app = await call('POST', '/v1/apps', { name: 'pages' });
    const headers = { 'x-sluice-app': 'pages' };
    for (let index = 0; index < 5; index++) {
      await call('POST', '/v1/flows', { ...GREET, name: `Flow ${index}` }, { headers });
    }
    const names: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/v1/flows?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body } = await call('GET', path, undefined, { headers });
      expect(body.items?.length).toBeLessThanOrEqual(2);
      names.push(...(body.items ?? []).map((item) => item.name));
      cursor = body.nextCursor ?? null;
    }
    expect(names).toEqual(['Flow 4', 'Flow 3', 'Flow 2', 'Flow 1', 'Flow 0']);
    const found = await call('GET', `/v1/flows?q=fLOW%203&status=active&appId=${String(app.body.id)}`);
    expect(found.body.items?.map((item) => item.name)).toEqual(['Flow 3']);
    expect(found.body.items?.[0]).not.toHaveProperty('steps');
  });

  it.each([
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['limit=ten', '/limit'],
    ['cursor=abc', '/cursor'],
    ['status=on', '/status'],
    ['q=%00', '/q'],
    ['colour=red', '/colour'],
  ])('refuses ?%s', async (query, pointer) => {
    const answer = await call('GET', `/v1/flows?${query}`);
    expect([answer.status, pointersOf(answer)[0]]).toEqual([422, pointer]);
  });

  it.each(['nonsense', '00000000-0000-7000-8000-000000000000', '%00', "1'--"])('knows no flow %s', async (id) => {
    expect((await call('GET', `/v1/flows/${id}`)).status).toBe(404);
    expect((await call('PATCH', `/v1/flows/${id}`, { name: 'x' })).status).toBe(404);
    expect((await call('DELETE', `/v1/flows/${id}`)).status).toBe(404);
    expect((await call('POST', `/v1/flows/${id}/publish`)).status).toBe(404);
  });
});

describe('history and the end of a flow', () => {
  it('RG-03: says who changed what and when', async () => {
    const { id } = await newFlow();
    await call('PATCH', `/v1/flows/${id}`, { name: 'Renamed' });
    await call('PATCH', `/v1/flows/${id}`, { status: 'paused' });
    const { body } = await call('GET', `/v1/flows/${id}/history`);
    expect(body.items?.map((item) => item.type)).toEqual([
      'FlowStatusChanged',
      'FlowUpdated',
      'FlowPublished',
      'FlowCreated',
    ]);
    expect(body.items?.[1]).toMatchObject({ version: 3, changed: ['name'], actor: { type: 'token' } });
    expect(body.items?.[0]?.changed).toEqual(['status']);
    const second = await call('GET', `/v1/flows/${id}/history?limit=1&cursor=${body.nextCursor ?? 'bjQ'}`);
    expect(second.body.items).toHaveLength(1);
  });

  it('ET-11: its address by number answers while it exists, and 410 once it is deleted', async () => {
    const { id, number } = await newFlow();
    expect((await call('GET', `/rest/v1/flows/${number}`)).body.id).toBe(id);
    for (const auditId of ['0', 'x', '1'.repeat(19), '%2Fv1']) {
      expect((await call('GET', `/rest/v1/flows/${number}?auditId=${auditId}`)).status).toBe(404);
    }
    expect((await call('DELETE', `/v1/flows/${id}`)).status).toBe(204);
    expect((await call('GET', `/rest/v1/flows/${number}`)).status).toBe(410);
    expect((await call('GET', `/v1/flows/${id}`)).status).toBe(404);
    expect((await call('DELETE', `/v1/flows/${id}`)).status).toBe(404);
    expect((await call('GET', '/rest/v1/flows/999999')).status).toBe(404);
    expect((await call('GET', '/rest/v1/flows/x')).status).toBe(404);
  });

  it('is not deleted while a trigger starts it', async () => {
    const { id } = await newFlow();
    const trigger = await call('POST', '/v1/triggers', { flowId: id, name: 'In' });
    const refused = await call('DELETE', `/v1/flows/${id}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'flow_in_use']);
    await call('DELETE', `/v1/triggers/${String(trigger.body.id)}`);
    expect((await call('DELETE', `/v1/flows/${id}`)).status).toBe(204);
  });
});
