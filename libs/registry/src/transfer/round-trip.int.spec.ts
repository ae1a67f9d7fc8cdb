import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Body, type Call, client, startRegistry } from '../registry.fixture.ts';
import { WHOLE_APP } from './whole-app.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url, { outboundAllow: ['127.0.0.0/8'] });
  call = client(running.url);
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await running?.close();
  await database?.drop();
});

type Changes = { kind: string; name: string; action: string; changes?: unknown[]; token?: string; secret?: string }[];
let apps = 0;

/** Calls of one fresh app. */
async function freshApp() {
  const made = await call('POST', '/v1/apps', { name: `round trip ${++apps}` });
  const headers = { 'x-sluice-app': String(made.body.id) };
  const inApp = (method: string, path: string, sent?: unknown) => call(method, path, sent, { headers });
  return {
    id: String(made.body.id),
    call: inApp,
    exported: async (): Promise<Body> =>
      (await call('GET', '/v1/export', undefined, { headers: { ...headers, accept: 'application/json' } })).body,
    importing: async (document: unknown, query = ''): Promise<{ status: number; body: Body; changes: Changes }> => {
      const { status, body } = await inApp('POST', `/v1/import${query}`, document);
      return { status, body, changes: (body.changes ?? []) as Changes };
    },
    yaml: async (text: string) => {
      const authorization = `Bearer ${ADMIN_TOKEN}`;
      const sent = { ...headers, authorization, 'content-type': 'application/yaml' };
      const answer = await fetch(`${running.url}/v1/import`, { method: 'POST', headers: sent, body: text });
      return (await answer.json()) as { changes: Changes };
    },
    events: async (): Promise<number> => {
      const { rows } = await pool.query('select count(*)::int as count from registry.events where app_id = $1', [
        made.body.id,
      ]);
      return (rows[0] as { count: number }).count;
    },
  };
}

const without = (changes: Changes, action: string): string[] =>
  changes.filter((each) => each.action !== action).map(({ kind, name, action: done }) => `${done} ${kind} ${name}`);

/** What only the other side knows has to be given again. */
function withValues(document: Body): Body {
  const text = JSON.stringify(document).replaceAll('"value":"********"', '"value":"known"');
  return JSON.parse(text.replaceAll('"basicPass":"********"', '"basicPass":"known"')) as Body;
}

describe('RG-08: an app with everything', () => {
  it('goes out, into a fresh app and out again, and is the same; applied once more it appends no event', async () => {
    const one = await freshApp();
    const first = await one.importing(WHOLE_APP);
    expect(first.body).toMatchObject({ dryRun: false });
    expect(without(first.changes, 'create')).toEqual([]);
    const document = await one.exported();
    expect(JSON.stringify(document)).not.toMatch(/hidden|sluice_trg|Sha256/);
    for (const kind of ['eventTypes', 'flows', 'triggers', 'crons', 'endpoints'] as const)
      expect([kind, (document[kind] as unknown[]).length]).toEqual([kind, WHOLE_APP[kind].length]);
    const other = await freshApp();
    const second = await other.importing(withValues(document), '?masked=generate');
    expect(second.body.errors ?? []).toEqual([]);
    expect(await other.exported()).toEqual(document);
    for (const app of [one, other]) {
      const before = await app.events();
      const again = await app.importing(document, '?prune=true');
      expect(without(again.changes, 'unchanged')).toEqual([]);
      expect(await app.events()).toBe(before);
    }
  });

  it('keeps secrets that are stored, makes those that are masked when it is told to, and shows them once', async () => {
    const app = await freshApp();
    await app.importing(WHOLE_APP);
    const document = await app.exported();
    const other = await freshApp();
    const refused = await other.importing(document);
    expect(refused.status).toBe(422);
    const made = await other.importing(withValues(document), '?masked=generate');
    const secrets = made.changes
      .filter(({ secret }) => secret !== undefined)
      .map(({ kind, name }) => `${kind} ${name}`);
    expect(secrets).toEqual(['endpoints Everything', 'endpoints Guard', 'triggers Basic', 'triggers Signed']);
    const planned = await (await freshApp()).importing(withValues(document), '?masked=generate&dryRun=true');
    expect(planned.changes.some(({ secret, token }) => secret ?? token)).toBe(false);
  });

  it('a draft stays a draft, what runs goes on running, and a paused flow does not start in between', async () => {
    const app = await freshApp();
    await app.importing(WHOLE_APP);
    const { items = [] } = (await app.call('GET', '/v1/flows')).body;
    const shown = Object.fromEntries(
      items.map((flow) => [flow.name, [flow.status, flow.version, flow.publishedVersion]]),
    );
    expect(shown).toMatchObject({ Runs: ['active', 2, 1], Paused: ['paused', 2, 1], Idle: ['draft', 1, null] });
    const paused = items.find(({ name }) => name === 'Paused');
    const history = await app.call('GET', `/v1/flows/${String(paused?.id)}/history`);
    const states = (history.body.items ?? []).flatMap(
      ({ changes }) => changes as { pointer: string; after: unknown }[],
    );
    const statuses = states.filter(({ pointer }) => pointer === '/status').map(({ after }) => after);
    expect(statuses).not.toContain('active');
  });

  it('finds what was renamed by its external key, on either side', async () => {
    const app = await freshApp();
    const flow = { name: 'Old name', externalKey: 'k-1', steps: [{ ref: 'w', type: 'webhook' }] };
    const door = { name: 'Door', externalKey: 'k-2', flow: 'Old name' };
    await app.importing({ sluice: 1, flows: [flow], triggers: [door] });
    const renamed = await app.importing(
      { sluice: 1, flows: [{ ...flow, name: 'New name' }], triggers: [{ ...door, name: 'Gate', flow: 'New name' }] },
      '?prune=true',
    );
    expect(renamed.changes).toEqual([
      {
        kind: 'flows',
        name: 'New name',
        action: 'update',
        changes: [{ pointer: '/name', before: 'Old name', after: 'New name' }],
      },
      expect.objectContaining({ name: 'Gate', action: 'update' }),
    ]);
    const named = await app.importing({ sluice: 1, flows: [{ ...flow, name: 'New name', externalKey: undefined }] });
    expect(named.changes).toEqual([{ kind: 'flows', name: 'New name', action: 'unchanged' }]);
  });

  it('tells in a dry run what would differ, value by value, and resets what the document no longer says', async () => {
    const app = await freshApp();
    await app.importing(WHOLE_APP);
    const document = await app.exported();
    const endpoints = (document.endpoints as Body[]).map((each) =>
      each.name === 'Everything' ? { ...each, rateLimit: undefined, concurrency: 4 } : each,
    );
    const triggers = (document.triggers as Body[]).map((each) =>
      each.name === 'Signed' ? { ...each, rateLimit: undefined } : each,
    );
    const planned = await app.importing({ sluice: 1, endpoints, triggers }, '?dryRun=true');
    expect(planned.changes.filter(({ action }) => action === 'update')).toEqual([
      {
        kind: 'endpoints',
        name: 'Everything',
        action: 'update',
        changes: [
          { pointer: '/rateLimit', before: 7 },
          { pointer: '/concurrency', before: 3, after: 4 },
        ].sort((a, b) => (a.pointer < b.pointer ? 1 : -1)),
      },
      expect.objectContaining({
        name: 'Signed',
        changes: [{ pointer: '/rateLimit', before: { requests: 5, windowSeconds: 60 } }],
      }),
    ]);
    expect(await app.exported()).toEqual(document);
  });
});

describe('RG-08, GW-11: triggers that hand requests on', () => {
  const shop = { kind: 'event', name: 'Shop', events: ['*'], url: 'https://shop.example/a' };
  const front = (endpoints: unknown[]) => ({ name: 'Front', forwardTo: { endpoints, headers: [] } });
  const shownIn = async (app: Awaited<ReturnType<typeof freshApp>>) =>
    ((await app.call('GET', '/v1/triggers')).body.items ?? [])[0]?.forwardTo as { endpoints: number[] };

  it('name endpoints of the document or of the app, whose numbers are those of the app that they are in', async () => {
    const [one, other] = [await freshApp(), await freshApp()];
    const document = { sluice: 1, endpoints: [shop], triggers: [front([' Shop '])] };
    for (const app of [one, other]) {
      expect((await app.importing(document, '?dryRun=true')).status).toBe(200);
      expect(without((await app.importing(document)).changes, 'create')).toEqual([]);
      const own = ((await app.call('GET', '/v1/endpoints')).body.items ?? [])[0];
      expect((await shownIn(app)).endpoints).toEqual([own?.id]);
    }
    const second = { ...shop, name: 'Second' };
    const more = { sluice: 1, endpoints: [second], triggers: [front(['Second', 'Shop'])] };
    const planned = await one.importing(more, '?dryRun=true');
    expect(planned.changes.map(({ action }) => action)).toEqual(['create', 'update']);
    expect((await one.importing(more)).changes.map(({ action }) => action)).toEqual(['create', 'update']);
    expect((await shownIn(one)).endpoints).toHaveLength(2);
    expect((await one.exported()).triggers).toMatchObject([front(['Second', 'Shop'])]);
  });

  it.each([
    [['Nowhere'], '/triggers/0/forwardTo/endpoints/0'],
    [['Shop', 7], '/triggers/0/forwardTo/endpoints/1'],
    [['Guard'], '/triggers/0/forwardTo/endpoints/0'],
    [[], '/triggers/0/forwardTo/endpoints'],
  ])('refuse %j and change nothing', async (names, pointer) => {
    const app = await freshApp();
    const guard = { kind: 'inline', name: 'Guard', hookType: 'PROVISION', url: 'https://shop.example/g' };
    const refused = await app.importing({ sluice: 1, endpoints: [shop, guard], triggers: [front(names)] });
    expect([refused.status, refused.body.errors?.map((each) => each.pointer)]).toEqual([422, [pointer]]);
    expect((await app.call('GET', '/v1/endpoints')).body.items).toEqual([]);
  });

  it('are not left behind by a prune of what they name', async () => {
    const app = await freshApp();
    await app.importing({ sluice: 1, endpoints: [shop], triggers: [front(['Shop'])] });
    const refused = await app.importing({ sluice: 1, endpoints: [], triggers: [front(['Shop'])] }, '?prune=true');
    expect([refused.status, refused.body.errors?.[0]?.pointer]).toEqual([422, '/triggers/0/forwardTo/endpoints/0']);
  });
});

describe('RG-08: pruning is guarded', () => {
  const flows = Array.from({ length: 4 }, (_, index) => ({
    name: `F${index}`,
    steps: [{ ref: 'w', type: 'webhook' }],
  }));

  it('deletes nothing of kinds that the document does not speak of, and not more than it was allowed to', async () => {
    const app = await freshApp();
    await app.importing({ sluice: 1, flows, eventTypes: [{ name: 'a.b' }] });
    const many = await app.importing({ sluice: 1, flows: [] }, '?prune=true&pruneLimit=3');
    expect([many.status, many.body.code]).toEqual([409, 'prune_protected']);
    expect((await app.importing({ sluice: 1 }, '?prune=true&pruneLimit=0')).changes).toEqual([]);
    const pruned = await app.importing({ sluice: 1, flows: [flows[0]] }, '?prune=true&pruneLimit=3');
    expect(without(pruned.changes, 'unchanged')).toEqual(['delete flows F1', 'delete flows F2', 'delete flows F3']);
    expect((await app.call('GET', '/v1/event-types/a.b')).status).toBe(200);
  });

  it('is refused as a whole while something that stays starts a flow that would go', async () => {
    const app = await freshApp();
    await app.importing({ sluice: 1, flows, triggers: [{ name: 'Door', flow: 'F3' }] });
    const before = await app.events();
    for (const document of [
      { sluice: 1, flows: flows.slice(0, 2) },
      { sluice: 1, flows: flows.slice(0, 2), triggers: [{ name: 'Door', flow: 'F3' }] },
    ]) {
      const refused = await app.importing(document, '?prune=true');
      expect([refused.status, refused.body.errors?.[0]?.pointer]).toEqual([422, '/flows']);
    }
    expect(await app.events()).toBe(before);
  });
});

describe('RG-08: the replicas', () => {
  it('are waited for once, after the last of the changes; one that is late is told, and a dry run waits for nobody', async () => {
    const app = await freshApp();
    await pool.query(
      `insert into replicas.positions (service, instance, topic, heartbeat_at)
       values ('gateway', 'slow', 'registry.events', now() + interval '5 minutes')`,
    );
    const planned = await app.importing(WHOLE_APP, '?dryRun=true');
    expect([planned.status, planned.body.propagating]).toEqual([200, undefined]);
    const late = await app.importing(WHOLE_APP);
    await pool.query("delete from replicas.positions where instance = 'slow'");
    expect([late.status, late.body.propagating]).toEqual([200, true]);
    expect((await app.importing(WHOLE_APP)).body.propagating).toBeUndefined();
  });
});

describe('RG-08: names and keys', () => {
  it('names that look the same are the same, however their letters are composed', async () => {
    const app = await freshApp();
    const flow = (name: string) => ({ name, steps: [{ ref: 'w', type: 'webhook' }] });
    await app.importing({ sluice: 1, flows: [flow('Café Zürich')], triggers: [{ name: 'Tür', flow: 'Café Zürich' }] });
    const decomposed = {
      sluice: 1,
      flows: [flow(' Cafe\u0301 Zu\u0308rich')],
      triggers: [{ name: 'Tu\u0308r', flow: 'Cafe\u0301 Zu\u0308rich' }],
    };
    expect(without((await app.importing(decomposed)).changes, 'unchanged')).toEqual([]);
    const twice = await app.importing({ sluice: 1, flows: [flow('Café Zürich'), flow('Cafe\u0301 Zürich')] });
    expect([twice.status, twice.body.errors?.[0]?.pointer]).toEqual([422, '/flows/1/name']);
    const { changes } = await app.yaml(
      'sluice: 1\nflows:\n  - {name: "日本語 🎉", steps: [{ref: w, type: webhook}]}\n',
    );
    expect(changes).toMatchObject([{ name: '日本語 🎉', action: 'create' }]);
  });

  it.each([
    [
      'two flows of one key',
      {
        flows: [
          { name: 'A', externalKey: 'k', steps: [] },
          { name: 'B', externalKey: 'k', steps: [] },
        ],
      },
      '/flows/1/externalKey',
    ],
    [
      'text with NUL',
      {
        flows: [{ name: 'A', listener: 'a\u0000', steps: [] }],
        crons: [{ listener: 'a\u0000', cron: '* * * * *' }],
      },
      '/flows/0/listener',
    ],
    [
      'two crons that say the same',
      {
        crons: [
          { listener: 'l', cron: '* * * * *' },
          { listener: 'l', cron: '* * * * *', timeZone: 'UTC' },
        ],
      },
      '/crons/1',
    ],
    ['a cron without a listener', { crons: [{ cron: '* * * * *' }] }, '/crons/0'],
    ['a cron of nobody', { crons: [{ listener: 'nobody', cron: '* * * * *' }] }, '/crons/0/listener'],
    ['a draft on top of a draft', { flows: [{ name: 'D', steps: [], draft: { steps: [] } }] }, '/flows/0/draft'],
    [
      'a draft with a mistake',
      { flows: [{ name: 'D', status: 'active', steps: [], draft: { steps: [{ ref: 'a' }] } }] },
      '/flows/0/draft/steps/0/type',
    ],
    [
      'a webhook that is named by something else',
      { triggers: [{ name: 'T', listener: 'T', profile: 'listener', listenerField: 'verb' }] },
      '/triggers/0/listenerField',
    ],
    [
      'two triggers of profile flow',
      {
        flows: [{ name: 'D', steps: [] }],
        triggers: [
          { name: 'T', flow: 'D', profile: 'flow' },
          { name: 'U', flow: 'D', profile: 'flow' },
        ],
      },
      '/triggers/1/flow',
    ],
  ])('refuses %s', async (_what, part, pointer) => {
    const answer = await (await freshApp()).importing({ sluice: 1, ...part });
    expect([answer.status, answer.body.errors?.map((problem) => problem.pointer)]).toEqual([
      422,
      expect.arrayContaining([pointer]),
    ]);
  });
});
