import { DEFAULT_APP_ID } from '@sluice/access';
import { type EventTypeState, newId } from '@sluice/contracts';
import { createTestDatabase, type RecordingReceiver, recordingReceiver, type TestDatabase } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';

const TOKEN = 'a-token-of-an-administrator-of-endpoints';
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startServices({
    services: [dispatcherService, ...NEIGHBOURS],
    settings: testSettings(database.url),
    logger: SILENT,
  });
  neighbours = new Neighbours(running.app.nest);
  receiver = await recordingReceiver();
  await neighbours.token(TOKEN, ['admin']);
});
afterEach(() => {
  receiver.clear();
  receiver.respond({});
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

interface Answer {
  status: number;
  body: Record<string, unknown> & { errors?: { pointer: string }[]; hint: string; request: { headers: object } };
}

async function testing(body: unknown): Promise<Answer> {
  const answer = await fetch(`${running.url}/v1/endpoints/test`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

/** Cases are listed before there is a receiver. */
const place = (): string => (receiver as RecordingReceiver | undefined)?.url ?? 'http://127.0.0.1';
const event = (change: object = {}) => ({ kind: 'event', url: `${place()}/test`, ...change });
const inline = (change: object = {}) => ({
  kind: 'inline',
  url: `${place()}/test`,
  hookType: 'PRE_APPROVAL',
  ...change,
});

describe('LU-03: testing an endpoint before it is saved', () => {
  it('sends a sample made from the schema of a type that it subscribes to, signed, and says that it went well', async () => {
    const { status, body } = await testing(event({ events: ['Flow.Created'], secret: SECRET }));
    expect([status, body]).toMatchObject([200, { ok: true, verdict: 'success', stage: 'ok', status: 204 }]);
    const [request] = receiver.requests;
    const sent = new Webhook(SECRET).verify(request?.text ?? '', request?.headers as Record<string, string>);
    expect(sent).toMatchObject({ eventType: 'Flow.Created', webhookId: 0, entity: { name: 'Order', status: 'draft' } });
    expect(sent).toMatchObject({ entityId: '7', entityUrl: expect.stringMatching(/\/rest\/v1\/flows\/7$/) as string });
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  it('makes samples of the app’s own event types, or takes the one it is given', async () => {
    const eventType: EventTypeState = {
      id: newId(),
      appId: DEFAULT_APP_ID,
      name: 'parcel.sent',
      description: '',
      version: 1,
      schema: { type: 'object', required: ['weight'], properties: { weight: { type: 'number', example: 2.5 } } },
      validate: false,
      createdAt: '',
      updatedAt: '',
    };
    await neighbours.append(eventType.id, 'EventTypeCreated', { eventType });
    await neighbours.endpoint({ url: receiver.url });
    await neighbours.settled();
    await testing(event({ events: ['parcel.*'], format: 'standard' }));
    await testing(event({ eventType: 'parcel.lost', payload: { mine: true }, format: 'standard' }));
    expect(receiver.requests.map((each) => JSON.parse(each.text) as unknown)).toMatchObject([
      { type: 'parcel.sent', data: { weight: 2.5 } },
      { type: 'parcel.lost', data: { mine: true } },
    ]);
  });

  it.each([
    [204, '', false, 'failed', 'format'],
    [200, '{"response": {"approved": true}}', true, 'success', 'ok'],
    [200, '{"response": {"approved": false, "reason": "no"}}', false, 'negative', 'ok'],
    [200, '{"approved": true}', false, 'failed', 'format'],
    [403, '{"response": true}', false, 'transport_failure', 'auth'],
    [404, 'not here', false, 'transport_failure', 'request'],
    [302, '', false, 'transport_failure', 'request'],
  ])('judges an inline endpoint by the rules of its calls: %i %j', async (answered, text, ok, verdict, stage) => {
    receiver.respond({ status: answered, body: text });
    const { status, body } = await testing(inline({ headers: [{ key: 'X-Key', value: 'k3y-value' }] }));
    expect([status, body]).toMatchObject([200, { ok, verdict, stage, status: answered }]);
    expect(receiver.requests[0]?.headers['x-key']).toBe('k3y-value');
    expect(JSON.parse(receiver.requests[0]?.text ?? '{}')).toHaveProperty('business_justification');
    expect(body.request.headers).toMatchObject({ 'x-key': '***' });
  });

  it('LU-13, DL-07: says which address may not be called, and what else is wrong with one', async () => {
    const gone = await recordingReceiver();
    await gone.close();
    for (const [url, stage, hint] of [
      ['http://192.168.0.1/', 'dns', /private address/],
      ['http://no-such-host.invalid/', 'dns', /could not be resolved/],
      [gone.url, 'connect', /refused/],
      [receiver.url.replace('http:', 'https:'), 'tls', /The port does not speak TLS\.$/],
    ] as const) {
      const { status, body } = await testing(event({ url }));
      expect([status, body.ok, body.stage]).toEqual([200, false, stage]);
      expect(body.hint).toMatch(hint);
    }
  });

  it('shows what a transformation makes, and what is wrong with one', async () => {
    await testing(event({ payload: { total: 7 }, transform: '{{ {"sum": event.data.total} }}' }));
    expect(receiver.requests[0]?.text).toBe('{"sum":7}');
    const broken = await testing(event({ transform: '{{ event.data.total / 0 }}', payload: { total: 7 } }));
    expect(broken.body).toMatchObject({ ok: false, stage: 'request', hint: expect.stringMatching(/zero/i) as string });
    const filtered = await testing(event({ payload: { total: 7 }, filter: 'event.data.total > 100' }));
    expect(filtered.body).toMatchObject({ ok: true, hint: expect.stringContaining('filter') as string });
  });

  it('a saved endpoint is tested by its id, with its secrets and with what is to be changed', async () => {
    const stored = await neighbours.endpoint({
      url: `${receiver.url}/saved`,
      headers: { 'X-Key': 'stored' },
      secret: SECRET,
    });
    await neighbours.settled();
    await testing({ id: stored.id });
    await testing({
      id: stored.uuid,
      secret: '********',
      headers: [{ key: 'x-key', value: '********' }],
      url: `${receiver.url}/new`,
    });
    expect(receiver.requests.map((each) => [each.path, each.headers['x-key']])).toEqual([
      ['/saved', 'stored'],
      ['/new', 'stored'],
    ]);
    for (const { text, headers } of receiver.requests) {
      expect(() => new Webhook(SECRET).verify(text, headers as Record<string, string>)).not.toThrow();
    }
    expect((await testing({ id: 999_999 })).status).toBe(404);
    expect((await testing({ id: newId() })).status).toBe(404);
  });

  it.each<[unknown, string[]]>([
    [{}, ['/kind']],
    [event({ url: 'nonsense' }), ['/url']],
    [event({ url: 'ftp://example.org/' }), ['/url']],
    [event({ method: 'PUT', format: 'xml', nonsense: 1 }), ['/format', '/method', '/nonsense']],
    [event({ headers: [{ key: 'X', value: 'a\r\nY: b' }] }), ['/headers/0']],
    [event({ secret: '********' }), ['/secret']],
    [event({ filter: 'event.data. >' }), ['/filter']],
    [inline({ hookType: 'OTHER' }), ['/hookType']],
    [inline({ method: 'GET' }), ['/method']],
    [[], ['']],
  ])('refuses what cannot be tested: %j', async (sent, pointers) => {
    const { status, body } = await testing(sent);
    expect([status, (body.errors ?? []).map((each) => each.pointer).sort()]).toEqual([422, pointers]);
    expect(receiver.requests).toEqual([]);
  });
});

describe('LU-03: testing a saved endpoint by its path', () => {
  const at = async (id: string | number, body: unknown) => {
    const answer = await fetch(`${running.url}/v1/endpoints/${id}/test`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Answer['body'] };
  };

  it('sends it a sample, as it is or with what is to be changed, and refuses an id in the body', async () => {
    const { id } = await neighbours.endpoint({ url: `${receiver.url}/saved` });
    await neighbours.settled();
    expect(await at(id, {})).toMatchObject({ status: 200, body: { ok: true, status: 204 } });
    expect(await at(id, { url: `${receiver.url}/changed` })).toMatchObject({ status: 200, body: { ok: true } });
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/saved', '/changed']);
    expect((await at(id, { id })).body.errors).toMatchObject([{ pointer: '/id' }]);
    expect((await at(id, [])).status).toBe(422);
    expect((await at(999_999_999, {})).status).toBe(404);
    expect((await at('x', {})).status).toBe(404);
  });
});
