import type { EndpointState } from '@sluice/contracts';
import { publicKeyOf } from '@sluice/endpoints';
import { SealedValues } from '@sluice/sealed-values';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Call, client, pointersOf, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let sealed: SealedValues;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  sealed = new SealedValues({ pool: database.pool, keys: running.settings.encryptionKeys });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const INLINE = { kind: 'inline', url: 'https://hooks.example/provision', hookType: 'PROVISION' };
const EVENT = { kind: 'event', name: 'Shop', url: 'https://shop.example/hook', events: ['order.*'] };

async function made(body: Record<string, unknown>): Promise<Body & { id: number; uuid: string }> {
  const answer = await call('POST', '/v1/endpoints', body);
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body as Body & { id: number; uuid: string };
}

async function stateOf(uuid: string): Promise<EndpointState> {
  const { rows } = await database.pool.query<{ data: string }>(
    'select data from registry.events where stream_id = $1 order by version desc limit 1',
    [uuid],
  );
  return (JSON.parse(rows[0]?.data ?? '{}') as { endpoint: EndpointState }).endpoint;
}

describe('inline endpoints', () => {
  it('LU-01, LU-08: have a type, any number of headers, and are called once', async () => {
    const body = await made({
      ...INLINE,
      name: 'Give access',
      description: 'to all systems',
      headers: [{ key: 'X-Key', value: 'k' }],
    });
    expect(body).toMatchObject({ kind: 'inline', hookType: 'PROVISION', events: [], retry: { schedule: ['PT0S'] } });
    const changed = await call('PATCH', `/v1/endpoints/${body.id}`, { hookType: 'DEPROVISION', description: '' });
    expect(changed.body).toMatchObject({ hookType: 'DEPROVISION', description: '', retry: { schedule: ['PT0S'] } });
  });

  it('LU-12: GET /inline_webhooks lists id, hook_type, name and description, and nothing else', async () => {
    await made({ ...INLINE, name: 'Listed', description: 'told', headers: [{ key: 'X-Key', value: 'hidden-value' }] });
    const { status, body } = await call('GET', '/inline_webhooks');
    const list = body as unknown as Record<string, unknown>[];
    expect(status).toBe(200);
    expect(list.find((each) => each.name === 'Listed')).toEqual({
      id: expect.any(Number) as number,
      hook_type: 'PROVISION',
      name: 'Listed',
      description: 'told',
    });
    expect(JSON.stringify(list)).not.toMatch(/hooks\.example|hidden-value|X-Key/);
    expect((await call('GET', '/inline_webhooks', undefined, { token: null })).status).toBe(401);
  });

  it('LU-04: have a name of their own in their app, so that flows can call them by it', async () => {
    const first = await made({ ...INLINE, name: 'Once' });
    const second = await call('POST', '/v1/endpoints', { ...INLINE, name: 'Once' });
    expect([second.status, second.body.code]).toEqual([409, 'name_taken']);
    await made({ ...EVENT, name: 'Once' });
    const other = await made({ ...INLINE, name: 'Twice' });
    expect((await call('PATCH', `/v1/endpoints/${other.id}`, { name: 'Once' })).body.code).toBe('name_taken');
    await call('DELETE', `/v1/endpoints/${first.id}`);
    expect((await call('PATCH', `/v1/endpoints/${other.id}`, { name: 'Once' })).status).toBe(200);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['no type', { hookType: undefined }, ['/hookType']],
    ['a type that there is not', { hookType: 'OTHER' }, ['/hookType']],
    ['events', { events: ['*'] }, ['/events']],
    ['GET', { method: 'GET' }, ['/method']],
    ['a form', { contentType: 'application/x-www-form-urlencoded' }, ['/contentType']],
    [
      'retries, a filter and a key',
      { retry: { schedule: ['PT1S'] }, filter: 'true', ordering: 'endpoint' },
      ['/filter', '/ordering', '/retry'],
    ],
    ['LU-13: a private address', { url: 'http://192.168.1.1/' }, ['/url']],
  ])('are refused with %s', async (_what, change, pointers) => {
    const answer = await call('POST', '/v1/endpoints', { ...INLINE, name: 'Bad', ...change });
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });

  it('the kind does not change, and an event endpoint has no type', async () => {
    const inline = await made({ ...INLINE, name: 'Stays' });
    expect(pointersOf(await call('PATCH', `/v1/endpoints/${inline.id}`, { kind: 'event' }))).toEqual(['/kind']);
    const refused = await call('POST', '/v1/endpoints', { ...EVENT, hookType: 'SIEM' });
    expect(pointersOf(refused)).toEqual(['/hookType']);
    expect(pointersOf(await call('POST', '/v1/endpoints', { ...EVENT, events: undefined }))).toEqual(['/events']);
  });
});

describe('DL-02, DL-05: templates of an endpoint', () => {
  it('are kept as they were sent, and taken away by null', async () => {
    const templates = {
      filter: 'event.data.total > 100',
      transform: '{{ {"text": event.type} }}',
      ordering: 'event.subject',
    };
    const { id, ...shown } = await made({ ...EVENT, ...templates });
    expect(shown).toMatchObject(templates);
    const cleared = await call('PATCH', `/v1/endpoints/${id}`, { filter: null, transform: null, ordering: null });
    expect(cleared.body).toMatchObject({ filter: null, transform: null, ordering: null });
  });

  it('are refused with the place of the mistake', async () => {
    const bad = { filter: 'event.data. >', transform: '{% for %}', ordering: '{{ secrets.k }}' };
    const answer = await call('POST', '/v1/endpoints', { ...EVENT, ...bad });
    expect([answer.status, pointersOf(answer)]).toEqual([422, ['/filter', '/ordering', '/transform']]);
    const long = await call('POST', '/v1/endpoints', { ...EVENT, filter: `"${'x'.repeat(10_001)}"` });
    expect(pointersOf(long)).toEqual(['/filter']);
  });
});

describe('DL-01: the secret', () => {
  it('has a public key that is shown, and is itself masked', async () => {
    const { id, publicKey } = await made({ ...EVENT, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
    expect(publicKey).toBe(publicKeyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'));
    const unchanged = await call('PATCH', `/v1/endpoints/${id}`, { secret: '********', name: 'Other' });
    expect(unchanged.body).toMatchObject({ publicKey });
    expect((await call('PATCH', `/v1/endpoints/${id}`, { secret: null })).body).toMatchObject({
      publicKey: null,
      secret: null,
    });
  });

  it('is rotated with an overlap of 24 hours unless another is asked for; the new one is told once', async () => {
    const { id, uuid } = await made({ ...EVENT, secret: 'the first' });
    const { status, body } = await call('POST', `/v1/endpoints/${id}/secret/rotate`);
    const { newSecret, publicKey, previousSecrets } = body as Body & {
      newSecret: string;
      publicKey: string;
      previousSecrets: { until: string }[];
    };
    expect([status, publicKey]).toEqual([200, publicKeyOf(newSecret)]);
    expect(newSecret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const hours = (Date.parse(previousSecrets[0]?.until ?? '') - Date.now()) / 3_600_000;
    expect(Math.round(hours)).toBe(24);
    const state = await stateOf(uuid);
    const opened = [state.secret, ...(state.previousSecrets ?? []).map((each) => each.value)].map((ref) =>
      sealed.open(ref ?? { id: '', version: 0 }),
    );
    expect(await Promise.all(opened)).toEqual([newSecret, 'the first']);
    expect(JSON.stringify((await call('GET', `/v1/endpoints/${id}`)).body)).not.toContain(newSecret);
    expect((await call('GET', `/v1/endpoints/${id}/history`)).body.items).toMatchObject([
      { type: 'EndpointSecretRotated' },
      { type: 'EndpointCreated' },
    ]);
  });

  it('can be given, replaced at once, and not be rotated a fifth time while four still sign', async () => {
    const { id, uuid } = await made({ ...EVENT, secret: 's0' });
    const rotate = (body: object) => call('POST', `/v1/endpoints/${id}/secret/rotate`, body);
    expect((await rotate({ secret: 's1', overlap: 'PT0S' })).body).toMatchObject({
      newSecret: 's1',
      previousSecrets: [],
    });
    for (const secret of ['s2', 's3', 's4']) expect((await rotate({ secret, overlap: 'PT1H' })).status).toBe(200);
    expect((await rotate({ secret: 's5' })).body.code).toBe('too_many_secrets');
    // Whoever sets a secret ends the others.
    await call('PATCH', `/v1/endpoints/${id}`, { secret: 's6' });
    expect((await stateOf(uuid)).previousSecrets).toBeUndefined();
  });

  it.each([
    [{ overlap: 'P30D' }, '/overlap'],
    [{ overlap: 5 }, '/overlap'],
    [{ secret: '********' }, '/secret'],
    [{ secret: '' }, '/secret'],
    [{ secret: 'whsec_%' }, '/secret'],
    [{ other: 1 }, '/other'],
  ])('rotation refuses %j', async (body, pointer) => {
    const { id } = await made(EVENT);
    const answer = await call('POST', `/v1/endpoints/${id}/secret/rotate`, body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, [pointer]]);
  });
});
