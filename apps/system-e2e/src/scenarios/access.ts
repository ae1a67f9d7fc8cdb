import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../api.ts';
import { ACCESS_TABLE, type AccessRow, IMPLIED, ROLES, type Role, UNDOCUMENTED, WITHOUT_ROLE } from './access-table.ts';
import type { Scenarios } from './all.ts';

const ALL = [...ACCESS_TABLE, ...UNDOCUMENTED];
const NOTHING = '0199aaaa-0000-7000-8000-000000000000';
const AT_ONCE = 12;
const PASSWORD = 'correct horse battery';

interface Operation {
  'x-sluice-access'?: { scope?: string; role?: string; everywhere?: boolean; public?: true };
}

/** One thing of each kind, as path segments. */
type Things = Record<string, string>;

const named = ({ method, path }: AccessRow): string => `${method} ${path}`;

function pathOf(row: AccessRow, things: Things = {}): string {
  const kind = /^\/(?:rest\/)?v1\/(runs\/batches|[\w-]+)/.exec(row.path)?.[1] ?? '';
  let isFirst = true;
  return row.path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
    const thing = isFirst ? things[`${row.path.startsWith('/rest/') ? 'rest/' : ''}${kind}`] : undefined;
    isFirst = false;
    return thing ?? (parameter === 'number' || parameter === 'version' ? '999999999' : `${NOTHING}`);
  });
}

/** All of them, a dozen at once. */
async function eachOf<T>(rows: readonly T[], work: (row: T) => Promise<void>): Promise<void> {
  const left = [...rows];
  const take = async (): Promise<void> => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) await work(row);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}

/** Every route as every role, with every scope, as a stranger and as nobody. */
export const access: Scenarios = (use) => {
  describe('who may use which route', () => {
    let api: Api;
    let other: Api;
    const tokens = new Map<string, string>();

    const ask = (row: AccessRow, token: string | null, things?: Things, app = api.appId): Promise<Answer> => {
      const body = row.method === 'GET' || row.method === 'DELETE' ? undefined : {};
      const headers = { authorization: token === null ? '' : `Bearer ${token}`, 'x-sluice-app': app };
      return api.call(row.method, pathOf(row, things), body, headers);
    };

    async function userToken(app: Api, role: Role): Promise<string> {
      const email = `${role}-${app.appId}@example.org`;
      const roles = [{ appId: app.appId, role }];
      await app.must('POST', '/v1/users', { email, name: role, password: PASSWORD, roles });
      const session = await app.must<{ token: string }>('POST', '/v1/sessions', { email, password: PASSWORD });
      const headers = { authorization: `Bearer ${session.token}` };
      const made = await app.call('POST', '/v1/personal-access-tokens', { scopes: ['admin'] }, headers);
      return String(made.body.token);
    }

    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'access');
      other = await Api.ofFreshApp(use().system, 'strangers');
      for (const role of ROLES) tokens.set(role, await userToken(api, role));
      tokens.set('stranger', await userToken(other, 'administrator'));
      for (const scope of Object.keys(IMPLIED)) {
        tokens.set(scope, (await api.must<{ token: string }>('POST', '/v1/tokens', { scopes: [scope] })).token);
      }
    }, 60_000);

    it('RG-02: every route of every service has a row that says what its code says', async () => {
      const document = await api.must<{ paths: Record<string, Record<string, Operation>> }>('GET', '/openapi.json');
      const found = Object.entries(document.paths).flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, operation]) => ({
          name: `${method.toUpperCase()} ${path}`,
          operation,
        })),
      );
      const guarded = found.filter(({ name }) => !WITHOUT_ROLE.some((open) => open.test(name)));
      expect(guarded.map(({ name }) => name).sort()).toEqual(ACCESS_TABLE.map(named).sort());
      for (const { name, operation } of guarded) {
        const row = ACCESS_TABLE.find((each) => named(each) === name);
        const { scope, role, everywhere } = operation['x-sluice-access'] ?? {};
        expect([name, scope, role, everywhere]).toEqual([name, row?.scope, row?.role, row?.everywhere]);
      }
    });

    it('RG-02: without a credential every route is 401', async () => {
      await eachOf(ALL, async (row) => {
        for (const token of [null, 'wrong'])
          expect([named(row), (await ask(row, token)).status]).toEqual([named(row), 401]);
      });
    });

    it.each(ROLES)('RG-02: every route as %s', async (role) => {
      await eachOf(ALL, async (row) => {
        const { status } = await ask(row, tokens.get(role) as string);
        const isEnough = !row.everywhere && ROLES.indexOf(role) >= ROLES.indexOf(row.role);
        expect([named(row), status < 500, status === 403, status === 401]).toEqual([
          named(row),
          true,
          !isEnough,
          false,
        ]);
      });
    });

    it.each(Object.entries(IMPLIED))('RG-02: every route with a token of scope %s', async (scope, implied) => {
      await eachOf(ALL, async (row) => {
        const { status } = await ask(row, tokens.get(scope) as string);
        const isEnough = !row.everywhere && [scope, ...implied].includes(row.scope);
        expect([named(row), status < 500, status === 403, status === 401]).toEqual([
          named(row),
          true,
          !isEnough,
          false,
        ]);
      });
    });

    it('RG-02: for a stranger from another app everything of this one is 404, named or not', async () => {
      const token = tokens.get('stranger') as string;
      const things = await thingsOf(api);
      await eachOf(ALL, async (row) => {
        const expected = row.everywhere ? 403 : 404;
        expect([named(row), (await ask(row, token)).status]).toEqual([named(row), expected]);
        if (row.everywhere || pathOf(row, things) === pathOf(row)) return;
        const hidden = await ask(row, token, things, '');
        // Whatever is wrong with the request besides, and for two lists of the log that ask for no resource: what is
        // there is answered like what is not.
        const nothing = await ask(row, token, {}, '');
        const isEmpty = hidden.text.startsWith('{"items":[],') || hidden.text === nothing.text;
        const isHidden = hidden.status === 404 || hidden.status === 422 || isEmpty;
        expect([named(row), hidden.status, isHidden]).toEqual([named(row), nothing.status, true]);
      });
      // It is there: the stranger was not refused for a mistake in the address.
      const plain = ACCESS_TABLE.filter(
        ({ method, path }) => method === 'GET' && /^[^{]*\{\w+\}(?!.*(\{|\/token$|\/capture$|\/compare$))/.test(path),
      );
      await eachOf(plain, async (row) => {
        if (pathOf(row, things) === pathOf(row) || row.path.endsWith('/stream')) return;
        const found = async () => (await ask(row, use().system.adminToken, things)).status === 200;
        await waitFor(found, 60_000, `${named(row)} for its owner`);
      });
    });
  });

  /** What is there to be found, and must not be by strangers. */
  async function thingsOf(api: Api): Promise<Things> {
    const flow = await api.must<{ id: string; number: number }>('POST', '/v1/flows', {
      name: 'Hidden',
      status: 'active',
      steps: [{ ref: 'web1', type: 'webhook' }],
    });
    const trigger = await api.trigger(flow.id);
    const { number } = await api.must<{ number: number }>('GET', `/v1/triggers/${trigger.id}`);
    const endpoint = await api.endpoint('https://example.org/', ['*']);
    const wish = { endpointIds: [endpoint.id], permissions: ['view'] };
    const link = await api.must<{ id: string }>('POST', '/v1/portal-links', wish);
    const token = await api.must<{ id: string; number: number }>('POST', '/v1/tokens', { scopes: ['automation'] });
    await api.must('PUT', '/v1/secrets/hidden', { value: 'x' });
    const email = `hidden-${api.appId}@example.org`;
    const roles = [{ appId: api.appId, role: 'viewer' }];
    const person = { email, name: 'Hidden', password: PASSWORD, roles };
    const user = await api.must<{ id: string; number: number }>('POST', '/v1/users', person);
    const app = await api.must<{ environmentId: number }>('GET', `/v1/apps/${api.appId}`);
    const run = String((await api.fire(trigger, {})).body.id);
    await api.must('GET', `/v1/runs/${run}?wait=30s`);
    const query = { query: { ids: [run] } };
    const batch = await api.must<{ id: string }>('POST', '/v1/runs/retry', query);
    return {
      flows: flow.id,
      triggers: trigger.id,
      endpoints: String(endpoint.id),
      'portal-links': link.id,
      tokens: token.id,
      'personal-access-tokens': token.id,
      secrets: 'hidden',
      users: user.id,
      apps: api.appId,
      runs: run,
      'runs/batches': batch.id,
      timeline: run,
      requests: run,
      'rest/flows': String(flow.number),
      'rest/triggers': String(number),
      'rest/webhooks': String(endpoint.id),
      'rest/tokens': String(token.number),
      'rest/users': String(user.number),
      'rest/apps': String(app.environmentId),
    };
  }
};
