import { type FlowState, newId, type RunFinished, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf, NEIGHBOURS, Neighbours, SILENT, testSettings } from '../../gateway.fixture.ts';
import { gatewayService } from '../../gateway.service.ts';
import type { VendorRun } from './run-resource.rules.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let flow: FlowState;
let trigger: TriggerState;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  flow = await neighbours.flow({}, { steps: [], inputs: { id: { type: 'integer', required: true } } });
  trigger = await neighbours.trigger(flow, { profile: 'run' });
  await waitFor(() => neighbours.isKnown(trigger.id));
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const TOKEN = { 'x-sluice-webhook-token': 'secret-token' };
const runsOf = (of: TriggerState | string): string =>
  `${running.url}/api/webhooks/${typeof of === 'string' ? of : of.id}/runs`;

interface Got {
  status: number;
  headers: Headers;
  body: VendorRun & { code?: string; errors?: { pointer: string }[] };
}
async function ask(method: string, url: string, body?: unknown, headers: Record<string, string> = TOKEN): Promise<Got> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: text }) });
  const said = await answer.text();
  return { status: answer.status, headers: answer.headers, body: JSON.parse(said || '{}') as Got['body'] };
}
const start = (body: unknown = { id: 1 }): Promise<Got> => ask('POST', runsOf(trigger), body);
const statusAndCode = ({ status, body }: Got): unknown[] => [status, body.code];

/** What the runner would store of a run. */
async function happened(runId: string, types: Record<string, unknown>): Promise<void> {
  const meta = { correlationId: runId, causationId: runId };
  const events = Object.entries(types).map(([type, data]) => ({ type, appId: trigger.appId, data, meta }));
  await neighbours.runs(runId, events);
}
const FINISHED: Partial<RunFinished> = {
  status: 'succeeded',
  result: { hello: 'Ada' },
  error: null,
  finishedAt: '2026-01-01T00:00:00.000Z',
};

describe('starting a run', () => {
  it('LT-04, LT-05: is 201 with the run as a resource and its absolute Location, by either name of the header', async () => {
    for (const name of ['X-Sluice-Webhook-Token', 'x-lutra-webhook-token']) {
      const { status, headers, body } = await ask('POST', runsOf(trigger), { id: 1 }, { [name]: 'secret-token' });
      expect([status, headers.get('location')]).toEqual([201, `${runsOf(trigger)}/${body.run_id}`]);
      expect(body).toEqual({
        run_id: expect.any(String) as string,
        status: 'queued',
        started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) as string,
        latest_event_at: body.started_at,
        finished_at: null,
        user_requested_cancel_at: null,
        workflow_input: { id: 1 },
        result: null,
      });
      const stored = await neighbours.event(body.run_id);
      expect(stored.data).toMatchObject({ profile: 'run', receivedAt: body.started_at, replyTo: null });
      expect(stored.dataJson).not.toContain('secret-token');
    }
  });

  it('answers 201 at once although the flow says that its caller waits', async () => {
    const sync = await neighbours.flow({}, { steps: [], response: { mode: 'sync' } });
    const waiting = await neighbours.trigger(sync, { profile: 'run' });
    await waitFor(() => neighbours.isKnown(waiting.id));
    expect((await ask('POST', runsOf(waiting))).status).toBe(201);
  });

  it('GW-05: a repeat with the same Idempotency-Key is 201 with the run as it is now', async () => {
    const headers = { ...TOKEN, 'idempotency-key': 'order-1' };
    const repeat = () => ask('POST', runsOf(trigger), { id: 3 }, headers);
    const first = await repeat();
    await happened(first.body.run_id, { RunStarted: {}, RunFinished: FINISHED });
    const second = await repeat();
    expect([first.status, second.status, second.headers.get('location')]).toEqual([
      201,
      201,
      first.headers.get('location'),
    ]);
    expect(second.body).toMatchObject({ run_id: first.body.run_id, status: 'succeeded', result: { hello: 'Ada' } });
    expect(statusAndCode(await ask('POST', runsOf(trigger), { id: 4 }, headers))).toEqual([
      422,
      'idempotency_key_reused',
    ]);
  });

  it('LT-07: 400 for what is no JSON, 422 naming each field that does not fit, and nothing is stored', async () => {
    const before = (await neighbours.accepted()).length;
    expect(statusAndCode(await start('{"id": '))).toEqual([400, 'malformed_json']);
    expect(statusAndCode(await start('{"id": "\\ud800'))).toEqual([400, 'malformed_json']);
    const wrong = await start({ id: 'one' });
    expect(statusAndCode(wrong)).toEqual([422, 'invalid_input']);
    expect(wrong.body.errors).toEqual([{ pointer: '/id', message: 'must be of type integer' }]);
    expect((await start('')).body.errors).toEqual([{ pointer: '/id', message: 'is required (integer)' }]);
    expect((await start([1])).body.errors?.[0]?.pointer).toBe('');
    expect(statusAndCode(await start('a=1'))).toEqual([400, 'malformed_json']);
    expect(await neighbours.accepted()).toHaveLength(before);
  });

  it('LT-07: is measured by the inputs of the version that will run', async () => {
    const later = { ...flow, version: 2 };
    await neighbours.append(flow.id, 'FlowUpdated', { flow: later, definition: { steps: [], inputs: {} } });
    expect((await start({})).status).toBe(422);
    await neighbours.append(flow.id, 'FlowPublished', { flow: { ...later, publishedVersion: 2 } });
    await waitFor(async () => (await start({})).status === 201);
    await neighbours.append(flow.id, 'FlowPublished', { flow: { ...later, publishedVersion: 1 } });
    await waitFor(async () => (await start({})).status === 422);
  });

  it('LT-07: 401 without the token, with a wrong one and with another trigger’s; 404 for an unknown trigger', async () => {
    const other = await neighbours.trigger(flow, {
      profile: 'run',
      tokens: [{ id: newId(), sha256: hashOf('other-token'), createdAt: '' }],
    });
    await waitFor(() => neighbours.isKnown(other.id));
    for (const token of ['', 'wrong', 'other-token']) {
      for (const name of ['x-sluice-webhook-token', 'x-lutra-webhook-token']) {
        const answer = await ask('POST', runsOf(trigger), { id: 1 }, token ? { [name]: token } : {});
        expect(statusAndCode(answer)).toEqual([401, 'unauthorized']);
        expect(answer.headers.get('www-authenticate')).toContain('X-Sluice-Webhook-Token');
      }
    }
    expect(statusAndCode(await ask('POST', runsOf(newId())))).toEqual([404, 'unknown_trigger']);
    expect(statusAndCode(await ask('POST', runsOf('nonsense')))).toEqual([404, 'unknown_trigger']);
    const native = await neighbours.trigger(flow);
    await waitFor(() => neighbours.isKnown(native.id));
    expect(statusAndCode(await ask('POST', runsOf(native)))).toEqual([404, 'unknown_trigger']);
    expect((await ask('POST', `${running.url}/t/${trigger.id}`, { id: 1 })).status).toBe(404);
  });

  it('GW-01: other methods are 405 with Allow, on each of its addresses', async () => {
    const run = `${runsOf(trigger)}/${newId()}`;
    for (const [method, url, allow] of [
      ['GET', runsOf(trigger), 'POST'],
      ['OPTIONS', runsOf(trigger), 'POST'],
      ['DELETE', run, 'GET, HEAD'],
      ['GET', `${run}/cancel`, 'POST'],
    ] as const) {
      const answer = await ask(method, url);
      expect([...statusAndCode(answer), answer.headers.get('allow')]).toEqual([405, 'method_not_allowed', allow]);
    }
    expect((await fetch(`${run}/x`, { headers: TOKEN })).status).toBe(404);
  });
});

describe('the run resource', () => {
  it('LT-05, LT-06: is there straight after the POST, and has its result once the run has finished', async () => {
    const { body } = await start();
    const url = `${runsOf(trigger)}/${body.run_id}`;
    expect(await ask('GET', url)).toMatchObject({ status: 200, body });
    expect((await ask('GET', `${runsOf(trigger)}/${body.run_id.toUpperCase()}`)).status).toBe(200);
    const head = await fetch(url, { method: 'HEAD', headers: TOKEN });
    expect([head.status, await head.text()]).toEqual([200, '']);
    await happened(body.run_id, { RunStarted: {}, RunFinished: FINISHED });
    const finished = await ask('GET', url);
    expect(finished.headers.get('cache-control')).toBe('no-store');
    expect(finished.body).toMatchObject({
      run_id: body.run_id,
      status: 'succeeded',
      started_at: body.started_at,
      finished_at: FINISHED.finishedAt,
      result: { hello: 'Ada' },
    });
    expect(Date.parse(finished.body.latest_event_at)).toBeGreaterThanOrEqual(Date.parse(body.started_at));
  });

  it('LT-07: is 401 for whoever lacks the token, whether or not the run exists, and 404 for another trigger’s run', async () => {
    const { body } = await start();
    for (const run of [body.run_id, newId(), 'nonsense']) {
      expect(statusAndCode(await ask('GET', `${runsOf(trigger)}/${run}`, undefined, {}))).toEqual([
        401,
        'unauthorized',
      ]);
      expect(statusAndCode(await ask('POST', `${runsOf(trigger)}/${run}/cancel`, undefined, {}))).toEqual([
        401,
        'unauthorized',
      ]);
    }
    const other = await neighbours.trigger(flow, { profile: 'run' });
    await waitFor(() => neighbours.isKnown(other.id));
    for (const [of, run] of [
      [other, body.run_id],
      [trigger, newId()],
      [trigger, 'nonsense'],
    ] as const) {
      expect(statusAndCode(await ask('GET', `${runsOf(of)}/${run}`))).toEqual([404, 'unknown_run']);
      expect(statusAndCode(await ask('POST', `${runsOf(of)}/${run}/cancel`))).toEqual([404, 'unknown_run']);
    }
    expect(statusAndCode(await ask('GET', `${runsOf(newId())}/${body.run_id}`))).toEqual([404, 'unknown_trigger']);
  });

  it('LT-05: shows the input it was started with, however large, and null once that is no longer stored', async () => {
    const large = { id: 1, text: 'x'.repeat(300_000) };
    const { body } = await start(large);
    expect(body.workflow_input).toEqual(large);
    const url = `${runsOf(trigger)}/${body.run_id}`;
    expect((await ask('GET', url)).body.workflow_input).toEqual(large);
    const small = (await start({ id: 2 })).body;
    await database.pool.query('delete from gateway.events_bodies where stream_id = $1', [small.run_id]);
    expect((await ask('GET', `${runsOf(trigger)}/${small.run_id}`)).body.workflow_input).toBeNull();
    await database.pool.query('delete from payloads.payloads');
    expect((await ask('GET', url)).body.workflow_input).toBeNull();
  });

  it('can be read while the flow is paused and the trigger is disabled', async () => {
    const pausing = await neighbours.flow();
    const disabled = await neighbours.trigger(pausing, { profile: 'run' });
    await waitFor(() => neighbours.isKnown(disabled.id));
    const { body } = await ask('POST', runsOf(disabled), {});
    await neighbours.append(disabled.id, 'TriggerUpdated', { trigger: { ...disabled, enabled: false } });
    await neighbours.append(pausing.id, 'FlowStatusChanged', { flow: { ...pausing, status: 'paused' } });
    await waitFor(async () => (await ask('POST', runsOf(disabled), {})).status === 409);
    expect((await ask('GET', `${runsOf(disabled)}/${body.run_id}`)).status).toBe(200);
  });
});

describe('LT-08: cancelling', () => {
  it('sets user_requested_cancel_at once, whoever asks again, and tells the runner by an event', async () => {
    const { body } = await start();
    const url = `${runsOf(trigger)}/${body.run_id}`;
    const [one, two] = await Promise.all([ask('POST', `${url}/cancel`), ask('POST', `${url}/cancel`)]);
    expect([one.status, two.status]).toEqual([202, 202]);
    const at = one.body.user_requested_cancel_at;
    expect(at).toMatch(/^\d{4}-/);
    expect(two.body.user_requested_cancel_at).toBe(at);
    expect((await ask('POST', `${url}/cancel`)).body.user_requested_cancel_at).toBe(at);
    expect((await ask('GET', url)).body).toMatchObject({
      user_requested_cancel_at: at,
      latest_event_at: expect.any(String) as string,
    });
    const { rows } = await database.pool.query(
      'select version, type from gateway.events where stream_id = $1 order by 1',
      [body.run_id],
    );
    expect(rows).toEqual([
      { version: 1, type: 'TriggerAccepted' },
      { version: 2, type: 'RunCancelAsked' },
    ]);
  });

  it('is 409 for a run that is over', async () => {
    const { body } = await start();
    await happened(body.run_id, { RunStarted: {}, RunFinished: FINISHED });
    const answer = await ask('POST', `${runsOf(trigger)}/${body.run_id}/cancel`);
    expect(statusAndCode(answer)).toEqual([409, 'run_finished']);
    expect((await ask('GET', `${runsOf(trigger)}/${body.run_id}`)).body.user_requested_cancel_at).toBeNull();
  });
});

describe('LT-10: rotating the token', () => {
  it('both are good during the overlap, the first no longer once it is revoked', async () => {
    const second = { id: newId(), sha256: hashOf('second-token'), createdAt: '' };
    const rotated = await neighbours.trigger(flow, { profile: 'run' });
    await neighbours.append(rotated.id, 'TriggerTokenAdded', {
      trigger: { ...rotated, tokens: [...rotated.tokens, second] },
    });
    const status = async (token: string) =>
      (await ask('POST', runsOf(rotated), { id: 1 }, { 'x-lutra-webhook-token': token })).status;
    await waitFor(async () => (await status('second-token')) === 201);
    expect(await status('secret-token')).toBe(201);
    await neighbours.append(rotated.id, 'TriggerTokenRevoked', { trigger: { ...rotated, tokens: [second] } });
    await waitFor(async () => (await status('secret-token')) === 401);
    expect(await status('second-token')).toBe(201);
  });
});
