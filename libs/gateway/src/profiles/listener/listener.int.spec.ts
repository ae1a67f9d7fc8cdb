import { createHash } from 'node:crypto';
import { type FlowState, newId, type TriggerAccepted, type TriggerState } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AnswerWaiters } from '../../answers/answer-waiters.ts';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../../gateway.fixture.ts';
import { gatewayService } from '../../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let flow: FlowState;
let webhook: TriggerState;
let ignore: () => void = () => undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url, { listenerTimeoutMs: 1_500 });
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  flow = await neighbours.flow();
  webhook = await listener({ props: { channel: 'news', nested: [1, null] } });
});
afterEach(() => ignore());
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function listener(change: Partial<TriggerState> = {}, of = flow): Promise<TriggerState> {
  const more: Partial<TriggerState> = { profile: 'listener', auth: { type: 'none' }, tokens: [], ordering: 'app' };
  const trigger = await neighbours.trigger(of, { ...more, ...change });
  await waitFor(() => neighbours.isKnown(trigger.id));
  return trigger;
}

const NOT_FOUND = { message: 'Not Found.', reason: 'error_404' };

async function send(
  path: string,
  body: string | FormData = '{}',
  headers: Record<string, string> = {},
  method = 'POST',
) {
  const init: RequestInit = { method, headers, body };
  const answer = await fetch(`${running.url}${path}`, init);
  return { status: answer.status, body: (await answer.json()) as unknown, type: answer.headers.get('content-type') };
}

const pathOf = (trigger: TriggerState, appId = trigger.appId) => `/apps/${appId}/webhooks/${trigger.id}`;

/** Runs every accepted request as the runner would, with this end. */
function runsEnd(change: Parameters<Neighbours['answer']>[1] = {}): StoredEvent[] {
  const seen: StoredEvent[] = [];
  ignore = neighbours.onAccepted((event) => {
    seen.push(event);
    void neighbours.answer(event.streamId, change);
  });
  return seen;
}

describe('POST /apps/{app_uuid}/webhooks/{webhook_uuid}', () => {
  it('LN-03, LN-07: answers "ok" in JSON when the listener has finished, with no credential but the address', async () => {
    runsEnd({ status: 418, body: 'the response of the flow is not shown' });
    const answer = await send(pathOf(webhook), '{"a":1}', { 'content-type': 'application/json' });
    expect(answer).toEqual({ status: 200, body: 'ok', type: 'application/json; charset=utf-8' });
    expect(
      (await send(pathOf(webhook).toUpperCase().replace('/APPS', '/apps').replace('/WEBHOOKS', '/webhooks'))).status,
    ).toBe(200);
  });

  it('LN-04: a wrong app, an unknown webhook, a malformed id and a longer path are the same 404', async () => {
    const other = await neighbours.trigger(flow);
    await waitFor(() => neighbours.isKnown(other.id));
    const paths = [
      pathOf(webhook, newId()),
      `/apps/${webhook.appId}/webhooks/${newId()}`,
      `/apps/${webhook.appId}/webhooks/not-a-uuid`,
      `/apps/nonsense/webhooks/${webhook.id}`,
      `/apps/%00/webhooks/%F0%9F%98%80`,
      `/apps/%ff/webhooks/${webhook.id}`,
      `/apps/${webhook.appId}/webhooks/%zz`,
      `/apps/${'a'.repeat(1_000)}/webhooks/${webhook.id}`,
      `/apps/${webhook.appId}/webhooks/`,
      `${pathOf(webhook)}/more`,
      pathOf(other),
    ];
    for (const path of paths) expect([path, await send(path)]).toMatchObject([path, { status: 404, body: NOT_FOUND }]);
  });

  it('LN-05: stores props as they are, reads JSON, forms and multipart, and leaves the query out of the event', async () => {
    const seen = runsEnd();
    const form = new FormData();
    form.append('a', '1');
    await send(`${pathOf(webhook)}?from=query`, '{"a":1}', { 'content-type': 'application/json' });
    await send(pathOf(webhook), 'a=1&a=2', { 'content-type': 'application/x-www-form-urlencoded' });
    await send(pathOf(webhook), form);
    await send(pathOf(webhook), '');
    await send(pathOf(webhook), '[1,2]', { 'content-type': 'application/json' });
    const events = seen.map((event) => event.data as TriggerAccepted);
    expect(events.map(({ bodyKind }) => bodyKind)).toEqual(['json', 'form', 'multipart', 'empty', 'json']);
    expect(new Set(events.map(({ props }) => JSON.stringify(props)))).toEqual(
      new Set(['{"channel":"news","nested":[1,null]}']),
    );
    expect(events[0]).toMatchObject({ profile: 'listener', query: { from: 'query' }, replyTo: 'gateway-1' });
    const sha256 = createHash('sha256').update('{"a":1}').digest('hex');
    expect(events[0]?.bodySha256).toBe(sha256);
  });

  it('LN-08: requests of an app have one key, which is also the way that they go', async () => {
    const seen = runsEnd();
    const second = await listener();
    await send(pathOf(webhook));
    await send(pathOf(second));
    const keys = seen.map((event) => (event.data as TriggerAccepted).orderingKey);
    expect(keys).toEqual([`${webhook.appId}/live/app`, `${webhook.appId}/live/app`]);
    expect(seen.map((event) => event.partitionKey)).toEqual(keys);
  });

  it('LN-01: requests start the flow that has the name when they come; without one they are 409 and no run', async () => {
    const seen = runsEnd();
    const named = await listener({ flowId: null, listener: { name: 'late', field: 'action', userId: null } });
    const missing = {
      status: 409,
      body: { message: 'Nothing has the listener name "late" now.', reason: 'unknown_listener' },
    };
    expect(await send(pathOf(named))).toMatchObject(missing);
    const first = await neighbours.flow({ listener: 'late' });
    await waitFor(async () => (await send(pathOf(named))).status === 200);
    await neighbours.append(first.id, 'FlowDeleted', { flow: first });
    await waitFor(async () => (await send(pathOf(named))).status === 409);
    const elsewhere = await neighbours.flow({ listener: 'late', appId: newId() });
    const second = await neighbours.flow({ listener: 'late' });
    await waitFor(async () => (await send(pathOf(named))).status === 200);
    const accepted = seen.filter(({ type }) => type === 'TriggerAccepted');
    const started = new Set(accepted.map((event) => (event.data as TriggerAccepted).flowId));
    expect([started.has(elsewhere.id), [...started]]).toEqual([false, [first.id, second.id]]);
  });

  it('LN-01: a name that goes from one flow to another takes the webhook along, also one that was made with a flow', async () => {
    const seen = runsEnd();
    const former = await neighbours.flow({ listener: 'moves' });
    const next = await neighbours.flow();
    const made = { flowId: former.id, listener: { name: 'moves', field: 'action' as const, userId: null } };
    const named = await listener(made, former);
    expect((await send(pathOf(named))).status).toBe(200);
    await neighbours.append(former.id, 'FlowUpdated', {
      flow: { ...former, listener: null },
      definition: { steps: [] },
    });
    await neighbours.append(next.id, 'FlowUpdated', {
      flow: { ...next, listener: 'moves' },
      definition: { steps: [] },
    });
    await waitFor(async () => {
      await send(pathOf(named));
      return (seen.at(-1)?.data as TriggerAccepted | undefined)?.flowId === next.id;
    });
  });

  it('LN-07: a listener that failed is a 5xx with message and reason, never 200', async () => {
    runsEnd({ runStatus: 'failed', error: { code: 'http_status', message: 'the app answered 500', ref: 'listener' } });
    expect(await send(pathOf(webhook))).toMatchObject({
      status: 500,
      body: { message: 'the app answered 500', reason: 'run_failed' },
    });
    ignore();
    runsEnd({ runStatus: 'cancelled' });
    const cancelled = await send(pathOf(webhook));
    expect([cancelled.status, Object.keys(cancelled.body as object)]).toEqual([500, ['message', 'reason']]);
  });

  it('LN-07: past its time limit the caller is told so and the run goes on', async () => {
    expect(await send(pathOf(webhook))).toMatchObject({ status: 504, body: { reason: 'answer_timeout' } });
  });

  it('a caller that goes away frees its waiter', async () => {
    const waiters = running.app.nest.get(AnswerWaiters, { strict: false });
    const gone = new AbortController();
    const sent = fetch(`${running.url}${pathOf(webhook)}`, { method: 'POST', body: '{}', signal: gone.signal });
    await waitFor(() => waiters.size === 1);
    gone.abort();
    await expect(sent).rejects.toThrow();
    await waitFor(() => waiters.size === 0);
  });

  it('refuses in its own words what the other profiles refuse in theirs', async () => {
    const paused = await listener({}, await neighbours.flow({ status: 'paused' }));
    const reasons = [
      [await send(pathOf(paused)), 409, 'flow_paused'],
      [await send(pathOf(webhook), '{"a":', { 'content-type': 'application/json' }), 422, 'malformed_json'],
      [await send(pathOf(webhook), 'x'.repeat(1_048_577)), 413, 'body_too_large'],
      [await send(pathOf(webhook), '{}', {}, 'PUT'), 405, 'method_not_allowed'],
      [await send(pathOf(webhook), '<a/>', { 'content-type': 'application/xml' }), 415, 'unsupported_content_type'],
    ] as const;
    for (const [answer, status, reason] of reasons) {
      expect(answer).toMatchObject({ status, body: { message: expect.any(String), reason } });
    }
  });
});
