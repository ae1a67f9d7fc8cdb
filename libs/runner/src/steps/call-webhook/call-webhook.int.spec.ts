import { DEFAULT_APP_ID } from '@sluice/access';
import { type AttemptFinished, type EndpointState, newId, type RunFinished } from '@sluice/contracts';
import { ACCESS_FIELDS, sampleHookPayload } from '@sluice/endpoints';
import { SealedValues } from '@sluice/sealed-values';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from '../../runner.fixture.ts';
import { runnerService } from '../../runner.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let sealed: SealedValues;
let numbers = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  sealed = new SealedValues({ pool: database.pool, keys: settings.encryptionKeys });
  receiver = await recordingReceiver();
});
afterEach(() => receiver.clear());
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const PAYLOAD = sampleHookPayload('PROVISION') as Record<string, unknown>;

async function endpoint(change: Partial<EndpointState> = {}): Promise<EndpointState> {
  const seal = (text: string) => sealed.seal(database.pool, { owner: 'test' }, text);
  const state: EndpointState = {
    id: ++numbers,
    uuid: newId(),
    appId: DEFAULT_APP_ID,
    kind: 'inline',
    hookType: 'PROVISION',
    name: `Hook ${numbers}`,
    description: '',
    events: [],
    url: `${receiver.url}/hook`,
    method: 'POST',
    contentType: 'application/json',
    includeEntity: true,
    enabled: true,
    headers: [{ key: 'X-Key', value: await seal('k3y-value') }],
    secret: await seal(SECRET),
    basicUser: null,
    basicPass: null,
    format: 'etl',
    retrySchedule: ['PT0S'],
    rateLimit: null,
    concurrency: 10,
    createdAt: '',
    updatedAt: '',
    ...change,
  };
  await neighbours.append(state.uuid, 'EndpointCreated', { endpoint: state });
  return state;
}

interface Outcome {
  finished: RunFinished;
  attempts: AttemptFinished[];
  types: string[];
}

async function calling(step: Record<string, unknown>): Promise<Outcome> {
  const flow = await neighbours.flow({
    steps: [{ ref: 'hook', type: 'call_webhook', payload: PAYLOAD, ...step } as never],
  });
  const runId = await neighbours.accept(flow);
  return waitFor(async () => {
    const events = await neighbours.run(runId);
    const last = events.at(-1);
    if (last?.type !== 'RunFinished') return null;
    const attempts = events.filter((event) => event.type === 'AttemptFinished').map((event) => event.data);
    return {
      finished: last.data as RunFinished,
      attempts: attempts as AttemptFinished[],
      types: events.map((event) => event.type),
    };
  }, 30_000);
}

const answers = (body: string, status = 200): void => receiver.respond({ status, body });

test('LU-02, LU-04, LU-10: an inline endpoint is called by its name, with its headers and the payload of its type', async () => {
  const { name } = await endpoint();
  answers('{"output": {"response": {"success": true, "account": "a-1"}}}');
  const { finished } = await calling({ endpoint: name });
  expect(finished).toMatchObject({
    status: 'succeeded',
    result: { ok: true, verdict: 'success', response: { success: true, account: 'a-1' }, status: 200 },
  });
  const [request] = receiver.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/hook' });
  expect(Object.keys(JSON.parse(request?.text ?? '{}') as object)).toEqual(ACCESS_FIELDS);
  expect(JSON.parse(request?.text ?? '{}')).toEqual(PAYLOAD);
  expect(request?.headers).toMatchObject({ 'x-key': 'k3y-value', 'sluice-hops': '1' });
  expect(new Webhook(SECRET).verify(request?.text ?? '', request?.headers as Record<string, string>)).toEqual(PAYLOAD);
});

test('LU-04: it is found by its integer and its uuid as well, and fields that are not given are null', async () => {
  const { id, uuid } = await endpoint();
  answers('{"response": "COMPLETED"}');
  for (const named of [String(id), uuid, `{{ "${uuid.toUpperCase()}" }}`]) {
    const { finished } = await calling({ endpoint: named, payload: { access_length: 'P1D' } });
    expect(finished).toMatchObject({ status: 'succeeded' });
  }
  expect(JSON.parse(receiver.requests[0]?.text ?? '{}')).toEqual({
    ...Object.fromEntries(ACCESS_FIELDS.map((field) => [field, null])),
    access_length: 'P1D',
  });
});

test('LU-07: the record tells apart no answer, an unreadable one and a no, and the step goes on with each', async () => {
  const { name, id } = await endpoint();
  const gone = await recordingReceiver();
  await gone.close();
  const dead = await endpoint({ url: gone.url });
  const told: unknown[] = [];
  for (const [body, status, named] of [
    ['{"response": false}', 200, name],
    ['done!', 200, name],
    ['{"response": true}', 500, name],
    ['', 200, dead.name],
  ] as const) {
    answers(body, status);
    const { finished, attempts, types } = await calling({ endpoint: named });
    expect(finished).toMatchObject({ status: 'succeeded', result: { ok: false } });
    expect(types.indexOf('AttemptFinished')).toBeLessThan(types.indexOf('StepCompleted'));
    expect(attempts).toHaveLength(1);
    const { verdict, response, error, outcome } = attempts[0] as AttemptFinished;
    told.push([verdict, response?.status ?? null, error?.stage ?? null, outcome]);
  }
  expect(told).toEqual([
    ['negative', 200, null, 'failed'],
    ['failed', 200, null, 'failed'],
    ['transport_failure', 500, null, 'failed'],
    ['transport_failure', null, 'connect', 'failed'],
  ]);
  // LU-08: once each.
  expect(receiver.requests).toHaveLength(3);
  expect(id).toBeGreaterThan(0);
});

test('RG-06: what is recorded of a call masks its headers, and an answer that echoes them', async () => {
  const { name, id } = await endpoint();
  receiver.respond(() => ({ status: 200, body: '{"response": {"success": true, "seen": "k3y-value"}}' }));
  const { finished, attempts } = await calling({ endpoint: name });
  expect(JSON.stringify(finished)).not.toContain('k3y-value');
  expect(attempts[0]).toMatchObject({ endpointId: id, endpointName: name, eventType: 'PROVISION', number: 1 });
  expect(attempts[0]?.request.headers['x-key']).toBe('***');
  expect(attempts[0]?.deliveryId).toBe(receiver.requests[0]?.headers['webhook-id']);
});

test('a step that can call nobody fails with the reason', async () => {
  const off = await endpoint({ enabled: false });
  const siem = await endpoint({ hookType: 'SIEM' });
  const { name } = await endpoint();
  for (const [step, code] of [
    [{ endpoint: 'Nobody' }, 'endpoint_not_found'],
    [{ endpoint: '{{ "" }}' }, 'endpoint_not_found'],
    [{ endpoint: off.name }, 'endpoint_disabled'],
    [{ endpoint: siem.name }, 'endpoint_not_callable'],
    [{ endpoint: name, payload: { userName: 'x' } }, 'invalid_payload'],
    [{ endpoint: name, payload: 'text' }, 'invalid_payload'],
  ] as const) {
    const { finished } = await calling(step);
    expect([finished.status, finished.error?.code]).toEqual(['failed', code]);
  }
  expect(receiver.requests).toEqual([]);
});
