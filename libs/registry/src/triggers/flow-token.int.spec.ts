import { expect, it } from 'vitest';
import { type Body, GREET, registryOfFile } from '../registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

/** A trigger of a flow of its own, because a flow has at most one of profile `flow`. */
async function newTrigger(change: Record<string, unknown> = {}): Promise<Body & { id: string; token: string }> {
  const flowId = (await call('POST', '/v1/flows', GREET)).body.id as string;
  const request = { flowId, name: 'Inbound', profile: 'flow', ...change };
  const { status, body } = await call('POST', '/v1/triggers', request);
  expect([status, body.errors]).toEqual([201, undefined]);
  return body as Body & { id: string; token: string };
}

const read = (id: string, token?: string) =>
  call('GET', `/v1/triggers/${id}/token`, undefined, token === undefined ? {} : { token });

async function personalToken(scopes: string[]): Promise<string> {
  return String((await call('POST', '/v1/tokens', { note: 'x', scopes })).body.token);
}

it('LC-03: the token can be read at any time, with the URL and a curl that uses it', async () => {
  const { id, token } = await newTrigger();
  expect(token).toMatch(/^ey[\w-]+\.ey[\w-]+\.[\w-]{43}$/);
  for (let again = 0; again < 2; again++) {
    const { status, body, headers } = await read(id);
    expect([status, body.token]).toEqual([200, token]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((body.instructions as { curl: string }).curl).toContain(`Authorization: Bearer ${token}`);
    expect((body.instructions as { curl: string }).curl).toContain(String(body.url));
  }
});

it('LC-03: each reading is in the history, with who it was', async () => {
  const { id } = await newTrigger();
  const editor = await personalToken(['automation.manage']);
  await read(id, editor);
  await Promise.all([read(id), read(id)]);
  const { items } = (await call('GET', `/v1/triggers/${id}/history`)).body;
  const readings = (items ?? []).filter((item) => item.type === 'TriggerTokenRead');
  expect(readings).toHaveLength(3);
  const actors = readings.map((item) => (item.actor as { id: string }).id);
  expect(new Set(actors).size).toBe(2);
  expect(readings.every((item) => (item.changed as string[]).length === 0)).toBe(true);
});

it('LC-03: it is for editors only', async () => {
  const { id, token } = await newTrigger();
  for (const scopes of [['automation.view'], ['automation.webhook_run']]) {
    expect((await read(id, await personalToken(scopes))).status).toBe(403);
  }
  expect((await read(id, token)).status).toBeGreaterThanOrEqual(401);
  const { items } = (await call('GET', `/v1/triggers/${id}/history`)).body;
  expect(items?.map((item) => item.type)).toEqual(['TriggerCreated']);
});

it('RG-06: it is sealed, and stands in clear in no table and no event', async () => {
  const { id, token } = await newTrigger();
  await read(id);
  const { rows } = await registry.database.pool.query<{ text: string }>(
    `select state as text from registry.triggers where id = $1
     union all select data::text from registry.events where stream_id = $1
     union all select encode(sealed, 'escape') from sealed.values
     union all select t::text from access.tokens t`,
    [id],
  );
  expect(rows.length).toBeGreaterThan(3);
  expect(rows.filter(({ text }) => text.includes(token.split('.')[2] as string))).toEqual([]);
});

it('LT-10: after a rotation the newest token is shown, and what was revoked is forgotten', async () => {
  const { id, token: first } = await newTrigger();
  const added = await call('POST', `/v1/triggers/${id}/tokens`);
  const second = added.body.token as string;
  expect(second).toMatch(/^ey/);
  expect((await read(id)).body).toMatchObject({ id: added.body.id, token: second });
  const [old] = ((await call('GET', `/v1/triggers/${id}`)).body.tokens as { id: string }[]).map((each) => each.id);
  await call('DELETE', `/v1/triggers/${id}/tokens/${String(added.body.id)}`);
  expect((await read(id)).body).toMatchObject({ id: old, token: first });
  await call('DELETE', `/v1/triggers/${id}/tokens/${String(old)}`);
  expect([(await read(id)).status, (await read(id)).body.code]).toEqual([404, 'not_found']);
});

it('LC-06: token security can be switched off and on; the token stays', async () => {
  const { id, token } = await newTrigger({ auth: { type: 'none' } });
  expect((await read(id)).body.token).toBe(token);
  const on = await call('PATCH', `/v1/triggers/${id}`, { auth: { type: 'bearer' } });
  expect([on.status, on.body.auth]).toEqual([200, { type: 'bearer' }]);
  expect((await read(id)).body.token).toBe(token);
});

it('LT-03: the tokens of the other profiles are never shown again', async () => {
  const { id } = await newTrigger({ profile: 'native' });
  expect([(await read(id)).status, (await read(id)).body.code]).toEqual([409, 'token_shown_once']);
  expect((await read('01930000-0000-7000-8000-00000000ffff')).status).toBe(404);
});

it('RG-06: without the key that sealed it, reading it is a clear error', async () => {
  const { id } = await newTrigger();
  await registry.database.pool.query(`update sealed.values set key_id = 'gone' where owner = $1`, [`trigger/${id}`]);
  const { status, body } = await read(id);
  expect([status, body.code]).toEqual([500, 'token_unreadable']);
});
