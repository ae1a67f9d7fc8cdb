import { request } from 'node:http';
import { type FlowState, newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { RunWatch } from './run-watch.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let admin: string;

const start = (instanceId: string) =>
  startServices({
    services: [runnerService, ...NEIGHBOURS],
    settings: testSettings(database.url, { instanceId }),
    logger: SILENT,
  });

beforeAll(async () => {
  database = await createTestDatabase();
  running = await start('runner-1');
  neighbours = neighboursIn(running.app.nest);
  admin = await neighbours.admin();
});

afterAll(async () => {
  await running?.close();
  await database?.drop();
});

interface Message {
  id?: string;
  event: string;
  data: Record<string, unknown>;
}

function messagesOf(text: string): Message[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('event:'))
    .map((block) => {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
      return { ...fields, data: JSON.parse(fields.data as string) as Record<string, unknown> } as Message;
    });
}

const open = (id: string, headers: Record<string, string> = {}, url = running.url) =>
  fetch(`${url}/v1/runs/${id}/stream`, { headers: { authorization: `Bearer ${admin}`, ...headers } });

const told = (messages: readonly Message[]) =>
  messages.map(({ event, data }) => `${event} ${data.ref ?? ''} ${data.status}`.replace('  ', ' '));

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const napping = (duration: string) => ({
  steps: [
    WEBHOOK,
    { ref: 'nap', type: 'delay', for: duration },
    { ref: 'm', type: 'set', values: { n: '{{ web1.n }}' } },
  ],
});

/** Once it has run, every runner that starts from here on knows it: there is no registry here to ask. */
async function knownFlow(): Promise<FlowState> {
  const flow = await neighbours.flow(napping('PT1H'));
  const before = await neighbours.accept(flow);
  await waitFor(async () => (await neighbours.run(before)).some((event) => event.type === 'RunWaiting'));
  return flow;
}

const watchers = () => (running.app.nest.get(RunWatch, { strict: false }) as unknown as { count: number }).count;

describe('GW-06: GET /v1/runs/{id}/stream', () => {
  test('tells every step and the end of a run that goes on meanwhile, and closes', async () => {
    const id = await neighbours.accept(await neighbours.flow(napping('PT0.3S')), { body: { n: 7 } });
    const answer = await open(id);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const messages = messagesOf(await answer.text()).filter(({ data }) => data.status !== 'queued');
    expect(told(messages)).toEqual([
      'status running',
      'step web1 succeeded',
      'status waiting',
      'step nap waiting',
      'status running',
      'step nap succeeded',
      'step m succeeded',
      'end succeeded',
    ]);
    expect(messages.at(-1)?.data).toMatchObject({ id, result: { n: 7 }, error: null });
    expect(watchers()).toBe(0);
  });

  test('goes on after Last-Event-ID, and is 204 after the last one, so that EventSource stops', async () => {
    const id = await neighbours.accept(await neighbours.flow(napping('PT0.05S')), { body: { n: 7 } });
    const all = messagesOf(await (await open(id)).text());
    const ids = all.flatMap((message) => (message.id === undefined ? [] : [message.id]));
    const waiting = all.find(({ data }) => data.ref === 'nap')?.id as string;
    const rest = messagesOf(await (await open(id, { 'last-event-id': waiting })).text());
    expect(rest).toEqual(all.slice(all.findIndex((message) => message.id === waiting) + 1));
    expect((await open(id, { 'last-event-id': ids.at(-1) as string })).status).toBe(204);
    const refused = await open(id, { 'last-event-id': 'x' });
    expect([refused.status, (await refused.json()) as unknown]).toMatchObject([422, { code: 'invalid_request' }]);
  });

  test('is for the trigger that started it, and for nobody else', async () => {
    const triggerId = newId();
    await neighbours.token('own-stream-token', { kind: 'trigger', triggerId });
    await neighbours.token('other-stream-token', { kind: 'trigger', triggerId: newId() });
    const id = await neighbours.accept(await neighbours.flow({ steps: [WEBHOOK] }), { triggerId });
    const status = async (token: string) => {
      const answer = await open(id, { authorization: `Bearer ${token}` });
      await answer.text();
      return answer.status;
    };
    await waitFor(async () => (await neighbours.run(id)).length > 0);
    expect([await status('own-stream-token'), await status('other-stream-token'), await status('no')]).toEqual([
      200, 404, 401,
    ]);
    expect((await open(newId())).status).toBe(404);
    expect((await open('nope')).status).toBe(404);
  });

  test('a caller that goes away is forgotten, its place is free', async () => {
    const id = await neighbours.accept(await neighbours.flow(napping('PT1H')));
    await waitFor(async () => (await neighbours.run(id)).length > 0);
    const url = new URL(`${running.url}/v1/runs/${id}/stream`);
    const callers = Array.from({ length: 20 }, () => request(url, { headers: { authorization: `Bearer ${admin}` } }));
    for (const caller of callers) caller.on('error', () => undefined).end();
    await waitFor(() => watchers() === 20);
    for (const caller of callers) caller.destroy();
    await waitFor(() => watchers() === 0);
    expect((await fetch(url, { headers: { authorization: `Bearer ${admin}` }, method: 'HEAD' })).status).toBe(200);
  });

  test('at another replica: the stream and the long poll learn what happens elsewhere', async () => {
    const flow = await knownFlow();
    const other = await start('runner-2');
    try {
      const id = await neighbours.accept(flow);
      await waitFor(async () => (await neighbours.run(id)).length > 0);
      const [first, second] = [await open(id), await open(id, {}, other.url)];
      const polls = [running.url, other.url].map((url) =>
        fetch(`${url}/v1/runs/${id}?wait=30s`, { headers: { authorization: `Bearer ${admin}` } }),
      );
      await fetch(`${running.url}/v1/runs/${id}/cancel`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}` },
      });
      for (const stream of [first, second]) {
        expect(told(messagesOf(await stream.text())).at(-1)).toBe('end cancelled');
      }
      for (const poll of await Promise.all(polls)) expect(await poll.json()).toMatchObject({ status: 'cancelled' });
    } finally {
      await other.close();
    }
  });

  test('a process that stops ends its streams; the client goes on elsewhere from where it was', async () => {
    const flow = await knownFlow();
    const stopping = await start('runner-3');
    const id = await neighbours.accept(flow);
    await waitFor(async () => (await neighbours.run(id)).some((event) => event.type === 'RunWaiting'));
    const stream = await open(id, {}, stopping.url);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let text = '';
    const readMore = async (): Promise<boolean> => {
      const { done, value } = await reader.read();
      text += decoder.decode(value, { stream: true });
      return !done;
    };
    while (!text.includes('waiting')) expect(await readMore()).toBe(true);
    const closing = stopping.close();
    while (await readMore());
    await closing;
    const seen = messagesOf(text);
    expect(told(seen).at(-1)).toBe('step nap waiting');
    const rest = open(id, { 'last-event-id': seen.at(-1)?.id as string });
    await fetch(`${running.url}/v1/runs/${id}/cancel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}` },
    });
    expect(told(messagesOf(await (await rest).text())).at(-1)).toBe('end cancelled');
  });
});
