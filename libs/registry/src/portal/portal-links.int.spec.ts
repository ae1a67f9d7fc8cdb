import { describe, expect, it } from 'vitest';
import { type Body, type Call, pointersOf, registryOfFile } from '../registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

async function endpoint(change: Record<string, unknown> = {}): Promise<Body & { id: number; uuid: string }> {
  const wish = { kind: 'event', name: 'Shop', url: 'https://shop.example/hook', events: ['order.*'], ...change };
  const { status, body } = await call('POST', '/v1/endpoints', wish);
  expect([status, body.errors]).toEqual([201, undefined]);
  return body as Body & { id: number; uuid: string };
}

interface Link {
  id: string;
  url: string;
  token: string;
}

async function link(wish: Record<string, unknown>): Promise<Body & Link> {
  const { status, body } = await call('POST', '/v1/portal-links', wish);
  expect([status, body.errors]).toEqual([201, undefined]);
  const url = String(body.url);
  return { ...body, id: String(body.id), url, token: url.split('#')[1] ?? '' };
}

const asCustomer =
  (token: string) =>
  (method: string, path: string, body?: unknown): ReturnType<Call> =>
    call(method, path, body, { token });

describe('RG-02: a portal link', () => {
  it('reaches its endpoints by integer and uuid; others do not exist for it', async () => {
    const [mine, other] = [await endpoint(), await endpoint()];
    const made = await link({ endpointIds: [mine.id], permissions: ['manage'] });
    expect(made).toMatchObject({ endpoints: [{ id: mine.id, uuid: mine.uuid }], permissions: ['view', 'manage'] });
    expect(made.url).toMatch(
      new RegExp(`^https://sluice\\.example/portal/${made.id}#sluice_ptl_[\\w-]+\\.[\\w-]{43}$`),
    );
    const ask = asCustomer(made.token);
    for (const id of [mine.id, mine.uuid, mine.uuid.toUpperCase()]) {
      expect((await ask('GET', `/v1/endpoints/${id}`)).body).toMatchObject({ id: mine.id });
    }
    for (const id of [other.id, other.uuid, '0', 'x']) {
      expect((await ask('GET', `/v1/endpoints/${id}`)).status).toBe(404);
      expect((await ask('PATCH', `/v1/endpoints/${id}`, { url: 'https://evil.example/' })).status).toBe(404);
      expect((await ask('POST', `/v1/endpoints/${id}/secret/rotate`)).status).toBe(404);
    }
    const portal = await ask('GET', '/v1/portal');
    expect(portal.body).toMatchObject({ permissions: ['view', 'manage'], endpoints: [{ id: mine.id, delivery: {} }] });
    expect((await call('GET', '/v1/portal')).status).toBe(404);
  });

  it('changes what its endpoints are called, where they are and how one gets in, and not what parts customers', async () => {
    const mine = await endpoint();
    const ask = asCustomer((await link({ endpointIds: [mine.uuid], permissions: ['manage'] })).token);
    const path = `/v1/endpoints/${mine.id}`;
    const changed = await ask('PATCH', path, { url: 'https://new.example/', headers: [{ key: 'X-A', value: 'b' }] });
    expect([changed.status, changed.body.url]).toEqual([200, 'https://new.example/']);
    expect((await ask('PATCH', path, { name: 'Mine', description: 'ours' })).body).toMatchObject({ name: 'Mine' });
    expect((await ask('POST', `${path}/disable`)).body).toMatchObject({ enabled: false });
    expect((await ask('POST', `${path}/enable`)).body).toMatchObject({ enabled: true });
    expect(String((await ask('POST', `${path}/secret/rotate`)).body.newSecret)).toMatch(/^whsec_/);
    for (const field of ['filter', 'transform', 'customer', 'format', 'externalKey', 'a/b~c']) {
      const refused = await ask('PATCH', path, { [field]: '*' });
      expect([field, refused.status, pointersOf(refused)]).toEqual([
        field,
        422,
        [`/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`],
      ]);
    }
    const history = await call('GET', `${path}/history`);
    expect(JSON.stringify(history.body)).not.toContain('sluice_ptl');
  });

  it('leaves out events that its endpoints get, and takes those that it names, and no others', async () => {
    const mine = await endpoint({ events: ['order.*', 'parcel.sent'] });
    const path = `/v1/endpoints/${mine.id}`;
    const events = async (token: string, list: unknown) => {
      const answer = await asCustomer(token)('PATCH', path, { events: list });
      return answer.status === 200 ? answer.body.events : [answer.status, pointersOf(answer)];
    };
    const plain = (await link({ endpointIds: [mine.id], permissions: ['manage'] })).token;
    expect(await events(plain, ['order.paid', 'order.sent.*'])).toEqual(['order.paid', 'order.sent.*']);
    for (const foreign of ['order.*', '*', 'parcel.sent', 'other']) {
      expect([foreign, await events(plain, ['order.paid', foreign])]).toEqual([foreign, [422, ['/events/1']]]);
    }
    expect(await events(plain, [])).toEqual([422, ['/events']]);
    expect(await events(plain, [7])).toEqual([422, ['/events']]);
    expect(await events(plain, 'order.paid')).toEqual([422, ['/events']]);
    const wide = await link({ endpointIds: [mine.id], permissions: ['manage'], events: ['order.*', 'invoice.made'] });
    expect(wide.events).toEqual(['order.*', 'invoice.made']);
    expect((await asCustomer(wide.token)('GET', '/v1/portal')).body.events).toEqual(['order.*', 'invoice.made']);
    expect(await events(wide.token, ['order.*', 'invoice.made'])).toEqual(['order.*', 'invoice.made']);
    expect(await events(wide.token, ['invoice.*'])).toEqual([422, ['/events/0']]);
  });

  it('is signed: no other text is one, nor does a row that was widened behind its back reach more', async () => {
    const [mine, other] = [await endpoint(), await endpoint()];
    const made = await link({ endpointIds: [mine.id], permissions: ['view'] });
    const [claim = '', signature = ''] = made.token.split('.');
    const foreign = await link({ endpointIds: [other.id], permissions: ['manage'] });
    const flipped = `${claim.slice(0, -6)}${claim.at(-6) === 'A' ? 'B' : 'A'}${claim.slice(-5)}`;
    for (const token of [
      `${flipped}.${signature}`,
      `${foreign.token.split('.')[0]}.${signature}`,
      `${claim}.${foreign.token.split('.')[1]}`,
      claim,
      `sluice_ptl_${'A'.repeat(43)}`,
    ]) {
      expect([token, (await asCustomer(token)('GET', '/v1/portal')).status]).toEqual([token, 401]);
    }
    await registry.database.pool.query(
      `update access.tokens set changed_xid = pg_current_xact_id(), portal = (select portal from access.tokens
         where token_id = $2) where token_id = $1`,
      [made.id, foreign.id],
    );
    const ask = asCustomer(made.token);
    // The copy has the row by the time that the link's own endpoint is none of the row's.
    const reach = async () => (await ask('GET', `/v1/endpoints/${mine.id}`)).status;
    await expect.poll(reach, { timeout: 30_000 }).toBe(404);
    expect((await ask('GET', `/v1/endpoints/${other.id}`)).status).toBe(404);
    expect((await ask('PATCH', `/v1/endpoints/${mine.id}`, { name: 'x' })).body.code).toBe('forbidden');
  });

  it('does only what it permits', async () => {
    const mine = await endpoint();
    const ask = asCustomer((await link({ endpointIds: [mine.id], permissions: ['view'] })).token);
    expect((await ask('PATCH', `/v1/endpoints/${mine.id}`, { enabled: false })).body.code).toBe('forbidden');
    expect((await ask('GET', `/v1/endpoints/${mine.id}`)).status).toBe(200);
    for (const path of ['/v1/endpoints', '/v1/portal-links', '/v1/flows', '/v1/tokens', '/v1/users/me', '/v1/export']) {
      expect([path, (await ask('GET', path)).status]).toEqual([path, 403]);
    }
    expect((await ask('POST', '/v1/portal-links', { endpointIds: [mine.id], permissions: ['view'] })).status).toBe(403);
  });

  it('ends when it is revoked, and at its time', async () => {
    const mine = await endpoint();
    const made = await link({ endpointIds: [mine.id], permissions: ['view'], expiresIn: 'PT24H' });
    const ask = asCustomer(made.token);
    expect((await ask('GET', '/v1/portal')).status).toBe(200);
    const listed = async () => (await call('GET', '/v1/portal-links')).body.items?.map((each) => each.id) ?? [];
    expect(await listed()).toContain(made.id);
    expect((await fetch(`${registry.running.url}/portal/${made.id}`)).status).toBe(200);
    expect((await call('DELETE', `/v1/portal-links/${made.id}`)).status).toBe(204);
    expect((await ask('GET', '/v1/portal')).status).toBe(401);
    expect(await listed()).not.toContain(made.id);
    expect((await call('DELETE', `/v1/portal-links/${made.id}`)).status).toBe(404);
    expect((await fetch(`${registry.running.url}/portal/${made.id}`)).status).toBe(404);
    const late = await link({ endpointIds: [mine.id], permissions: ['view'], expiresIn: 'PT1M' });
    await registry.database.pool.query(
      `update access.tokens set expires_at = now() - interval '1 second', changed_xid = pg_current_xact_id()
       where token_id = $1`,
      [late.id],
    );
    await expect
      .poll(async () => (await asCustomer(late.token)('GET', '/v1/portal')).status, { timeout: 30_000 })
      .toBe(401);
  });

  it('may name a customer: it reaches the endpoints that are the customer’s now', async () => {
    const mine = [await endpoint({ customer: 'Café 7' }), await endpoint({ customer: 'Café 7' })];
    await endpoint({ customer: 'Cafe 7' });
    const filtered = await call('GET', `/v1/endpoints?customer=${encodeURIComponent('Café 7')}`);
    expect(filtered.body.items?.map(({ id, customer }) => [id, customer])).toEqual([
      [mine[1]?.id, 'Café 7'],
      [mine[0]?.id, 'Café 7'],
    ]);
    const made = await link({ customer: 'Café 7', permissions: ['replay'] });
    expect((made.endpoints as { id: number }[]).map(({ id }) => id)).toEqual([mine[1]?.id, mine[0]?.id]);
    await call('DELETE', `/v1/endpoints/${mine[0]?.id}`);
    const portal = await asCustomer(made.token)('GET', '/v1/portal');
    expect((portal.body.endpoints as { id: number }[]).map(({ id }) => id)).toEqual([mine[1]?.id]);
    await call('PATCH', `/v1/endpoints/${mine[1]?.id}`, { customer: null });
    expect((await call('POST', '/v1/portal-links', { customer: 'Café 7', permissions: ['view'] })).status).toBe(422);
  });

  it.each([
    [{ permissions: ['view'] }, ['']],
    [{ permissions: ['view'], endpointIds: [1], customer: 'x' }, ['']],
    [{ permissions: ['view'], endpointIds: [] }, ['/endpointIds']],
    [{ permissions: ['view'], endpointIds: [0, 1.5, 'x', null, '1'] }, [0, 1, 2, 3].map((n) => `/endpointIds/${n}`)],
    [{ permissions: ['view'], endpointIds: [2_147_483_647] }, ['/endpointIds/0']],
    [{ permissions: [], customer: 'x' }, ['/permissions']],
    [{ permissions: ['own'], customer: 'x' }, ['/permissions']],
    [{ permissions: ['view'], customer: 'x', expiresIn: 'PT25H' }, ['/expiresIn']],
    [{ permissions: ['view'], customer: 'x', expiresIn: 3600 }, ['/expiresIn']],
    [{ permissions: ['view'], customer: 'a\u0000b' }, ['/customer']],
    [
      { permissions: ['view'], customer: 'x', embedIn: ['https://a.example/', "https://b.example; script-src 'x'"] },
      ['/embedIn/0', '/embedIn/1'],
    ],
    [{ permissions: ['view'], customer: 'x', embedIn: ['http://a.example'] }, ['/embedIn/0']],
    [{ permissions: ['view'], customer: 'x', events: ['a b'] }, ['/events']],
  ])('is refused for %j', async (wish, pointers) => {
    const refused = await call('POST', '/v1/portal-links', wish);
    expect([refused.status, pointersOf(refused)]).toEqual([422, pointers]);
  });

  it('RG-06: is a page that only the named origins may frame; the token is nowhere but in the answer', async () => {
    const mine = await endpoint();
    const embedded = await link({ endpointIds: [mine.id], permissions: ['view'], embedIn: ['https://app.example'] });
    const plain = await link({ endpointIds: [mine.id], permissions: ['view'] });
    const policyOf = async (id: string) =>
      (await fetch(`${registry.running.url}/portal/${id}`)).headers.get('content-security-policy') ?? '';
    expect(await policyOf(embedded.id)).toContain('frame-ancestors https://app.example');
    expect(await policyOf(plain.id)).toContain("frame-ancestors 'none'");
    expect(await policyOf('x')).toContain("frame-ancestors 'none'");
    const { rows } = await registry.database.pool.query<{ found: boolean }>(
      `select exists (select from registry.events where data like '%sluice_ptl_%')
         or exists (select from registry.portal_links where state like '%sluice_ptl_%') as found`,
    );
    expect(rows).toEqual([{ found: false }]);
  });
});
