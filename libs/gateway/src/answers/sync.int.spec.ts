import { request as httpRequest } from 'node:http';
import type { FlowState, TriggerAccepted, TriggerState } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { BodyBudget } from '../inbound/body-budget.ts';
import { AnswerWaiters } from './answer-waiters.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let flow: FlowState;
let trigger: TriggerState;
let closed: Promise<void> | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  flow = await neighbours.flow({}, { steps: [], response: { mode: 'sync' } });
  trigger = await neighbours.trigger(flow, { auth: { type: 'none' } });
  await waitFor(() => neighbours.isKnown(trigger.id));
  // Ready means that this process has joined runner.answers: what is answered before is not for it.
  await waitFor(async () => (await fetch(`${running.url}/readyz`)).status === 200);
});
afterAll(async () => {
  await (closed ?? running?.close());
  await database?.drop();
});

const call = () => fetch(`${running.url}/t/${trigger.id}`, { method: 'POST' });
const waiting = () => running.app.nest.get(AnswerWaiters, { strict: false }).size;

/** The next accepted request. */
function nextAccepted(): Promise<StoredEvent> {
  return new Promise((resolve) => {
    const stop = neighbours.onAccepted((event) => {
      stop();
      resolve(event);
    });
  });
}

describe('a trigger of a flow that answers', () => {
  it('waits for the run and gives its status, type and body; the event names who waits', async () => {
    const accepted = nextAccepted();
    const answer = call();
    const event = await accepted;
    expect((event.data as TriggerAccepted).replyTo).toBe('gateway-1');
    await neighbours.answer(event.streamId, { status: 418, contentType: 'text/plain', body: 'Grüße' });
    expect([(await answer).status, (await answer).headers.get('content-type')]).toEqual([418, 'text/plain']);
    expect(await (await answer).text()).toBe('Grüße');
    expect(waiting()).toBe(0);
  });

  it('takes an answer that is there before its own append has returned', async () => {
    const stop = neighbours.onAccepted((event) => void neighbours.answer(event.streamId));
    const answers = await Promise.all(Array.from({ length: 20 }, call));
    stop();
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
  });

  it('GW-04: a failed run is 500 run_failed with the Location of the run', async () => {
    const accepted = nextAccepted();
    const answer = call();
    const { streamId } = await accepted;
    await neighbours.answer(streamId, {
      runStatus: 'failed',
      error: { code: 'x', message: 'step two said no', ref: 'two' },
    });
    expect((await answer).status).toBe(500);
    expect((await answer).headers.get('location')).toBe(`${running.url}/v1/runs/${streamId}`);
    expect(await (await answer).json()).toMatchObject({ code: 'run_failed', detail: 'step two said no' });
  });

  it('an answer meant for another instance, or one that comes twice, changes nothing', async () => {
    const accepted = nextAccepted();
    const answer = call();
    const { streamId } = await accepted;
    await neighbours.answer(streamId, { replyTo: 'gateway-2', status: 299 });
    await neighbours.answer(streamId, { status: 201 });
    await neighbours.answer(streamId, { status: 202 });
    expect((await answer).status).toBe(201);
  });

  it('a caller that waits holds no body, neither in memory nor of the budget of all bodies', async () => {
    const accepted = nextAccepted();
    const body = JSON.stringify('x'.repeat(200_000));
    const headers = { 'content-type': 'application/json' };
    const answer = fetch(`${running.url}/t/${trigger.id}`, { method: 'POST', headers, body });
    const { streamId } = await accepted;
    const budget = running.app.nest.get(BodyBudget, { strict: false });
    await waitFor(() => waiting() === 1 && budget.held === 0);
    await neighbours.answer(streamId);
    expect((await answer).status).toBe(200);
    expect(budget.held).toBe(0);
  });

  it('a caller that goes away frees its place; its run is kept', async () => {
    const accepted = nextAccepted();
    const request = httpRequest(`${running.url}/t/${trigger.id}`, { method: 'POST' });
    request.on('error', () => undefined);
    request.end();
    const { streamId } = await accepted;
    expect(waiting()).toBe(1);
    request.destroy();
    await waitFor(() => waiting() === 0);
    await neighbours.answer(streamId);
    expect((await neighbours.accepted()).some((event) => event.streamId === streamId)).toBe(true);
  });

  it('GW-13: on shutdown waiting callers get 503 with Retry-After and the Location of their run', async () => {
    const accepted = nextAccepted();
    const answer = call();
    const { streamId } = await accepted;
    closed = running.close();
    expect((await answer).status).toBe(503);
    expect((await answer).headers.get('retry-after')).toBe('1');
    expect((await answer).headers.get('location')).toContain(`/v1/runs/${streamId}`);
    expect(await (await answer).json()).toMatchObject({ code: 'shutting_down' });
    await closed;
  });
});
