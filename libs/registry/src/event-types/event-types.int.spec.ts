import { describe, expect, it } from 'vitest';
import { type Answer, pointersOf, registryOfFile } from '../registry.fixture.ts';

const { call } = registryOfFile();

const SCHEMA = { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } };

describe('RG-05: the catalogue of event types', () => {
  it('an event type is created, read, changed and deleted by its name', async () => {
    const created = await call('POST', '/v1/event-types', { name: 'order.placed', schema: SCHEMA, validate: true });
    expect([created.status, created.headers.get('location')]).toEqual([201, '/v1/event-types/order.placed']);
    expect(created.body).toMatchObject({ name: 'order.placed', version: 1, validate: true, builtIn: false });
    const read = await call('GET', '/v1/event-types/order.placed');
    expect([read.headers.get('etag'), read.body.schema]).toEqual(['"1"', SCHEMA]);
    const described = await call('PATCH', '/v1/event-types/order.placed', { description: 'An order came in.' });
    expect(described.body).toMatchObject({ version: 1, description: 'An order came in.' });
    const headers = { 'if-match': '"1"' };
    expect((await call('PATCH', '/v1/event-types/order.placed', { validate: false }, { headers })).status).toBe(412);
    expect((await call('DELETE', '/v1/event-types/order.placed')).status).toBe(204);
    expect((await call('GET', '/v1/event-types/order.placed')).status).toBe(404);
  });

  it('another schema is another version, and every version stays, also after the type was deleted and came again', async () => {
    await call('POST', '/v1/event-types', { name: 'versioned', schema: SCHEMA });
    await call('PATCH', '/v1/event-types/versioned', { schema: { type: 'object' } });
    await call('DELETE', '/v1/event-types/versioned');
    await call('POST', '/v1/event-types', { name: 'versioned' });
    const { body } = await call('GET', '/v1/event-types/versioned/versions');
    expect(body.items?.map(({ version, schema }) => [version, schema])).toEqual([
      [3, null],
      [2, { type: 'object' }],
      [1, SCHEMA],
    ]);
    expect((await call('GET', '/v1/event-types/versioned/versions/1')).body.schema).toEqual(SCHEMA);
    expect((await call('GET', '/v1/event-types/versioned/versions/4')).status).toBe(404);
    const history = await call('GET', '/v1/event-types/versioned/history');
    expect(history.body.items).toHaveLength(4);
  });

  it('RG-03: the history of a deleted type is still told, and ends with who deleted it', async () => {
    await call('POST', '/v1/event-types', { name: 'gone.type', schema: SCHEMA });
    await call('DELETE', '/v1/event-types/gone.type');
    const { status, body } = await call('GET', '/v1/event-types/gone.type/history');
    expect([status, body.items?.map(({ type }) => type)]).toEqual([200, ['EventTypeDeleted', 'EventTypeCreated']]);
    expect((await call('GET', '/v1/event-types/never.was/history')).status).toBe(404);
  });

  it('ET-10: the built-in ones stand in the list with their schemas, and cannot be changed', async () => {
    const { body } = await call('GET', '/v1/event-types/Flow.Executed');
    expect(body).toMatchObject({ builtIn: true, appId: null, schema: { type: 'object' } });
    for (const [method, path, sent] of [
      ['PATCH', '/v1/event-types/Flow.Executed', {}],
      ['DELETE', '/v1/event-types/Flow.Executed', undefined],
      ['POST', '/v1/event-types', { name: 'Flow.Executed' }],
    ] as const) {
      expect((await call(method, path, sent)).status).toBe(409);
    }
    const example = await call('GET', '/v1/event-types/App.Created/example');
    expect(example.body.event).toMatchObject({ type: 'App.Created', data: { name: 'shop' } });
  });

  it('the list is in the order of names, page by page, and can be searched', async () => {
    for (const name of ['zebra', 'Alpha', 'm/1']) await call('POST', '/v1/event-types', { name });
    const names: unknown[] = [];
    let cursor: string | null | undefined = '';
    do {
      const page: Answer = await call('GET', `/v1/event-types?limit=7${cursor ? `&cursor=${cursor}` : ''}`);
      names.push(...(page.body.items ?? []).map((item) => item.name));
      cursor = page.body.nextCursor;
    } while (cursor);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(['Alpha', 'App.Created', 'User.Updated', 'm/1', 'zebra']));
    expect((await call('GET', '/v1/event-types?q=ZEB')).body.items?.map((item) => item.name)).toEqual(['zebra']);
    expect((await call('GET', '/v1/event-types/m%2F1')).body.name).toBe('m/1');
  });

  it.each([
    [{}, ['/name']],
    [{ name: 'a b' }, ['/name']],
    [{ name: 'a', validate: true }, ['/validate']],
    [{ name: 'a', schema: { type: 'nothing' } }, ['/schema']],
    [{ name: 'a', schema: { properties: { b: { $ref: 'http://elsewhere' } } } }, ['/schema/properties/b/$ref']],
    [
      { name: 5, description: 1, schema: [], validate: 'yes', more: 1 },
      ['/description', '/more', '/name', '/schema', '/validate'],
    ],
  ])('refuses %j, telling every problem', async (body, pointers) => {
    const answer = await call('POST', '/v1/event-types', body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });

  it('a name can be taken once, by two requests at a time as well', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => call('POST', '/v1/event-types', { name: 'once' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });
});
