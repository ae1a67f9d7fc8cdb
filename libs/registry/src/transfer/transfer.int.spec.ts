import { describe, expect, it } from 'vitest';
import { type Body, GREET, pointersOf, registryOfFile } from '../registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

const DOCUMENT = {
  sluice: 1,
  eventTypes: [
    { name: 'greeting.created', description: 'somebody was greeted', schema: { type: 'object' }, validate: true },
  ],
  flows: [GREET, { name: 'Idle', status: 'draft', steps: [{ ref: 'a', type: 'webhook' }] }],
  triggers: [{ name: 'Door', flow: 'Greet', profile: 'native', methods: ['POST', 'PUT'], props: { a: [1] } }],
  endpoints: [{ kind: 'event', name: 'Shop', url: 'https://shop.example/', events: ['greeting.*'], concurrency: 3 }],
};

let apps = 0;
/** Calls of one fresh app. */
async function freshApp() {
  const { body } = await call('POST', '/v1/apps', { name: `transfer ${++apps}` });
  const app = { 'x-sluice-app': String(body.id) };
  return {
    call: (method: string, path: string, sent?: unknown) => call(method, path, sent, { headers: app }),
    importing: (sent: unknown, query = '') => call('POST', `/v1/import${query}`, sent, { headers: app }),
    yaml: async (text: string | Buffer, query = '') => {
      const answer = await fetch(`${registry.running.url}/v1/import${query}`, {
        method: 'POST',
        headers: {
          ...app,
          authorization: 'Bearer an-administrator-token-of-40-characters!',
          'content-type': 'application/yaml',
        },
        body: text,
      });
      return { status: answer.status, body: (await answer.json()) as Body };
    },
    exported: async () => {
      const answer = await fetch(`${registry.running.url}/v1/export`, {
        headers: { ...app, authorization: 'Bearer an-administrator-token-of-40-characters!' },
      });
      return { type: answer.headers.get('content-type'), text: await answer.text() };
    },
  };
}

const actionsOf = (body: Body): string[] =>
  (body.changes as { kind: string; name: string; action: string }[]).map(
    ({ kind, name, action }) => `${action} ${kind} ${name}`,
  );

describe('RG-08: export and import', () => {
  it('a document makes an app, the same once more changes nothing, and the export of one makes another alike', async () => {
    const one = await freshApp();
    const first = await one.importing(DOCUMENT);
    expect([first.status, actionsOf(first.body)]).toEqual([
      200,
      [
        'create eventTypes greeting.created',
        'create flows Greet',
        'create flows Idle',
        'create endpoints Shop',
        'create triggers Door',
      ],
    ]);
    expect((first.body.changes as { token?: string }[])[4]?.token).toMatch(/^sluice_trg_/);
    const again = await one.importing(DOCUMENT);
    expect(actionsOf(again.body).every((action) => action.startsWith('unchanged'))).toBe(true);
    const { type, text } = await one.exported();
    expect(type).toBe('application/yaml; charset=utf-8');
    const other = await freshApp();
    expect((await other.yaml(text)).body.changes).toHaveLength(5);
    expect((await other.exported()).text).toBe(text);
    expect(actionsOf((await other.yaml(text)).body).every((action) => action.startsWith('unchanged'))).toBe(true);
    expect(actionsOf((await one.yaml(text)).body).every((action) => action.startsWith('unchanged'))).toBe(true);
  });

  it('dryRun shows the plan and changes nothing', async () => {
    const app = await freshApp();
    const plan = await app.importing(DOCUMENT, '?dryRun=true');
    expect([plan.body.dryRun, actionsOf(plan.body)[4]]).toEqual([true, 'create triggers Door']);
    expect(JSON.stringify(plan.body)).not.toContain('sluice_trg_');
    expect((await app.call('GET', '/v1/flows')).body.items).toEqual([]);
  });

  it('changes what differs, and deletes what is not named only when it is told to prune', async () => {
    const app = await freshApp();
    await app.importing(DOCUMENT);
    const changed = {
      ...DOCUMENT,
      eventTypes: [],
      flows: [{ ...GREET, steps: GREET.steps.slice(0, 1) }],
      endpoints: [{ ...DOCUMENT.endpoints[0], concurrency: 5 }],
      triggers: [],
    };
    expect(actionsOf((await app.importing(changed)).body)).toEqual(['update flows Greet', 'update endpoints Shop']);
    expect((await app.call('GET', '/v1/triggers')).body.items).toHaveLength(1);
    const plan = await app.importing(changed, '?prune=true&dryRun=true');
    const pruned = await app.importing(changed, '?prune=true');
    expect(actionsOf(pruned.body)).toEqual(actionsOf(plan.body));
    expect(actionsOf(pruned.body).slice(2)).toEqual([
      'delete triggers Door',
      'delete flows Idle',
      'delete eventTypes greeting.created',
    ]);
    expect((await app.call('GET', '/v1/flows')).body.items).toHaveLength(1);
  });

  it('holds nothing secret: masks keep what is stored, and are refused where nothing is', async () => {
    const app = await freshApp();
    await app.call('PUT', '/v1/secrets/shop_key', { value: 'hidden-value' });
    const endpoint = {
      ...DOCUMENT.endpoints[0],
      secret: 'hidden-value',
      headers: [{ key: 'X-K', value: 'hidden-value' }],
    };
    await app.importing({ sluice: 1, endpoints: [endpoint] });
    const { text } = await app.exported();
    expect(text).not.toContain('hidden-value');
    expect(text).toContain('shop_key');
    expect(actionsOf((await app.yaml(text)).body)).toEqual(['unchanged endpoints Shop']);
    const elsewhere = await (await freshApp()).yaml(text);
    expect([elsewhere.status, (elsewhere.body.errors ?? []).map(({ pointer }) => pointer)]).toEqual([
      422,
      ['/endpoints/0/headers/0/value', '/endpoints/0/secret'],
    ]);
  });

  it('tells everything that is wrong at once, each with its place, and changes nothing', async () => {
    const app = await freshApp();
    const answer = await app.importing({
      sluice: 1,
      eventTypes: [{ name: 'ok' }, { name: 'bad', schema: { type: 'x' } }],
      flows: [GREET, { name: 'Wrong', steps: [{ ref: 'a', type: 'sett' }], colour: 1 }],
      triggers: [{ name: 'T', flow: 'Greet', methods: ['FETCH'] }],
      endpoints: [{ kind: 'event', name: 'Bad', url: 'http://10.0.0.1/', events: [] }],
    });
    expect(answer.status).toBe(422);
    expect(pointersOf(answer)).toEqual(
      expect.arrayContaining([
        '/endpoints/0/events',
        '/endpoints/0/url',
        '/eventTypes/1/schema',
        '/flows/1/colour',
        '/flows/1/steps/0/type',
        '/triggers/0/methods',
      ]),
    );
    expect((await app.call('GET', '/v1/event-types/ok')).status).toBe(404);
  });

  it.each([
    [{}, ['/sluice']],
    [{ sluice: 1, flow: [] }, ['/flow']],
    [{ sluice: 1, flows: {}, secrets: [1] }, ['/flows', '/secrets']],
    [
      { sluice: 1, flows: [1, {}, { name: 'A', steps: [] }, { name: 'A ', steps: [] }] },
      ['/flows/0', '/flows/1/name', '/flows/3/name'],
    ],
    [{ sluice: 1, triggers: [{ name: 'T' }, { name: 'U', flow: 'nowhere' }] }, ['/triggers/0/flow']],
    [{ sluice: 1, triggers: [{ name: 'U', flow: 'nowhere' }] }, ['/triggers/0/flow']],
  ])('refuses %j', async (document, pointers) => {
    const answer = await (await freshApp()).importing(document);
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });

  it('bad input: alias bombs, tags, two keys of one name, broken YAML and foreign bytes are 400, within a moment', async () => {
    const app = await freshApp();
    let bomb = 'a0: &a0 [x]\n';
    for (let level = 1; level < 30; level++) {
      const alias = `*a${level - 1}`;
      bomb += `a${level}: &a${level} [${Array.from({ length: 10 }, () => alias).join(',')}]\n`;
    }
    const start = Date.now();
    for (const text of [bomb, 'sluice: 1\nsluice: 1', 'a: [', '\t- x', '{']) {
      const { status, body } = await app.yaml(text);
      expect([text.slice(0, 20), status, body.code]).toEqual([text.slice(0, 20), 400, 'malformed_yaml']);
    }
    expect((await app.yaml(Buffer.from([0xff, 0xfe, 0x00]))).body.code).toBe('malformed_yaml');
    expect((await app.yaml('sluice: 1\n__proto__: {a: 1}')).body.code).toBe('malformed_yaml');
    expect((await app.yaml('sluice: 1\nflows: [{name: !!js/function "x"}]')).body.code).toBe('malformed_yaml');
    expect(Date.now() - start).toBeLessThan(30_000);
  });

  it('bad input: 10 MiB are read without holding up anybody, more is 413, and routes that take no YAML say so', async () => {
    const app = await freshApp();
    const flow = '  - {name: x, steps: []}\n';
    const large = `sluice: 1\nflows:\n${flow.repeat(Math.floor((10 * 1_048_576 - 20) / flow.length))}`;
    const answer = app.yaml(large);
    let slowestMs = 0;
    let isOver = false;
    void answer.finally(() => (isOver = true));
    while (!isOver) {
      const start = Date.now();
      await fetch(`${registry.running.url}/livez`);
      slowestMs = Math.max(slowestMs, Date.now() - start);
    }
    expect([400, 422]).toContain((await answer).status);
    expect(slowestMs).toBeLessThan(5_000);
    expect((await app.yaml('#'.repeat(10 * 1_048_576 + 1))).status).toBe(413);
    const elsewhere = await fetch(`${registry.running.url}/v1/endpoints`, {
      method: 'POST',
      headers: { authorization: 'Bearer an-administrator-token-of-40-characters!', 'content-type': 'application/yaml' },
      body: 'name: x',
    });
    expect(elsewhere.status).toBe(415);
  }, 60_000);

  it('flows that call each other come together, whatever their order, and are judged as what all of them will be', async () => {
    const app = await freshApp();
    const calling = (name: string, other: string | null) => ({
      name,
      status: 'active',
      steps: other === null ? [{ ref: 'a', type: 'set', values: 1 }] : [{ ref: 'c', type: 'run_flow', flow: other }],
    });
    const of = (...flows: object[]) => app.importing({ sluice: 1, flows });
    expect((await of(calling('Front', 'Back'), calling('Back', null))).status).toBe(200);
    // The one that called is called now: beside what the other was before, either would close a circle.
    expect((await of(calling('Back', 'Front'), calling('Front', null))).status).toBe(200);
    expect((await of(calling('Back', null), calling('Front', 'Back'))).status).toBe(200);
    const circle = await of(calling('Left', 'Right'), calling('Right', 'Left'));
    expect([circle.status, circle.body.errors]).toEqual([
      422,
      [
        { pointer: '/flows/0/steps/0/flow', message: expect.stringContaining('"Left" → "Right" → "Left"') },
        { pointer: '/flows/1/steps/0/flow', message: expect.stringContaining('"Right" → "Left" → "Right"') },
      ],
    ]);
    const { body } = await app.call('GET', '/v1/flows');
    expect((body.items as { name: string }[]).map(({ name }) => name).toSorted()).toEqual(['Back', 'Front']);
  });

  it('is for administrators only', async () => {
    const { body } = await call('POST', '/v1/tokens', { scopes: ['automation'] });
    const token = String(body.token);
    expect((await call('POST', '/v1/import', DOCUMENT, { token })).status).toBe(403);
  });
});
