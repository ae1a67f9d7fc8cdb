import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { etlSignature, standardSignatures } from '@sluice/endpoints';
import Fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { receiveExpress } from './express.ts';
import { receiveFastify } from './fastify.ts';
import { receiveFetch } from './fetch.ts';
import type { Received, ReceiveOptions } from './receiver.ts';
import { MemoryReplayGuard } from './replay-guard.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
type Send = (headers: Record<string, string>, body: string) => Promise<{ status: number; retryAfter: string | null }>;
type Handle = (event: Received) => unknown;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function sendTo(url: string, headers: Record<string, string>, body: string) {
  const answer = await fetch(url, { method: 'POST', headers, body });
  return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
}

const ADAPTERS: Record<string, (options: ReceiveOptions, handler: Handle) => Promise<Send>> = {
  async fetch(options, handler) {
    const receive = receiveFetch(options, handler);
    return async (headers, body) => {
      const answer = await receive(new Request('http://x.example/', { method: 'POST', headers, body }));
      return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
    };
  },
  async express(options, handler) {
    const server: Server = createServer(receiveExpress(options, handler));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return (headers, body) => sendTo(url, { connection: 'close', ...headers }, body);
  },
  async fastify(options, handler) {
    const app = Fastify();
    app.register(receiveFastify('/hooks', options, handler) as never);
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    closing.push(() => app.close());
    return (headers, body) => sendTo(`${url}/hooks`, headers, body);
  },
};

function signed(id: string, body: string): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000);
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': standardSignatures([SECRET], { id, timestamp, body }),
  };
}
const bodyOf = (eventId: string): string => JSON.stringify({ eventId, eventType: 'order.created', entity: { n: 1 } });

describe.each(Object.keys(ADAPTERS))('%s', (name) => {
  const receiving = (handler: Handle, more: Partial<ReceiveOptions> = {}): Promise<Send> => {
    const adapter = ADAPTERS[name] as (typeof ADAPTERS)[string];
    return adapter({ secret: SECRET, onProblem: () => undefined, ...more }, handler);
  };

  it('hands what is signed to the handler, once, however often it comes', async () => {
    const got: Received[] = [];
    const send = await receiving((event) => got.push(event));
    for (let times = 0; times < 3; times++)
      expect((await send(signed('a', bodyOf('a')), bodyOf('a'))).status).toBe(200);
    expect((await send(signed('b', bodyOf('b')), bodyOf('b'))).status).toBe(200);
    expect(got.map((event) => [event.id, event.type, event.scheme, event.json()])).toEqual([
      ['a', 'order.created', 'v1', JSON.parse(bodyOf('a'))],
      ['b', 'order.created', 'v1', JSON.parse(bodyOf('b'))],
    ]);
  });

  it('refuses what is not signed, not right, or too large, without calling the handler', async () => {
    let calls = 0;
    const send = await receiving(() => calls++, { maxBytes: 200 });
    const body = bodyOf('a');
    expect((await send({ 'content-type': 'application/json' }, body)).status).toBe(401);
    expect((await send(signed('a', body), `${body} `)).status).toBe(401);
    expect((await send(signed('a', ''), '')).status).toBe(200);
    expect((await send(signed('a', 'x'.repeat(300)), 'x'.repeat(300))).status).toBe(413);
    expect(calls).toBe(1);
  });

  it('asks to come again for what failed, and for what is being handled', async () => {
    let fails = true;
    let finish = (): void => undefined;
    let begun = (): void => undefined;
    const handling = new Promise<void>((resolve) => (begun = resolve));
    const send = await receiving((event) => {
      if (event.id === 'slow') {
        begun();
        return new Promise<void>((resolve) => (finish = resolve));
      }
      if (fails) throw new Error('not now');
      return null;
    });
    expect((await send(signed('a', bodyOf('a')), bodyOf('a'))).status).toBe(500);
    fails = false;
    expect((await send(signed('a', bodyOf('a')), bodyOf('a'))).status).toBe(200);
    const slow = send(signed('slow', bodyOf('slow')), bodyOf('slow'));
    await handling;
    expect(await send(signed('slow', bodyOf('slow')), bodyOf('slow'))).toEqual({ status: 503, retryAfter: '5' });
    finish();
    expect((await slow).status).toBe(200);
  });

  it('takes the id of what only HMAC-SHA1 signs from the body, JSON or form', async () => {
    const got: string[] = [];
    const send = await receiving((event) => got.push(`${event.id} ${event.type}`), { schemes: ['etl'] });
    const form = 'eventId=f&eventType=order.paid';
    const headers = (body: string) => ({
      'x-etl-webhook-signature': etlSignature(SECRET, body),
      'webhook-id': 'forged',
    });
    expect((await send({ ...headers(bodyOf('j')), 'content-type': 'application/json' }, bodyOf('j'))).status).toBe(200);
    const type = 'application/x-www-form-urlencoded';
    expect((await send({ ...headers(form), 'content-type': type }, form)).status).toBe(200);
    expect((await send({ ...headers('{}'), 'content-type': 'application/json' }, '{}')).status).toBe(401);
    expect(got).toEqual(['j order.created', 'f order.paid']);
  });
});

describe('MemoryReplayGuard', () => {
  it('forgets what is old, and the oldest when there are too many', () => {
    let nowMs = 0;
    const guard = new MemoryReplayGuard({ keptMs: 1000, most: 3, now: () => nowMs });
    for (const id of ['a', 'b', 'c', 'd']) {
      expect(guard.claim(id)).toBe('new');
      guard.done(id);
    }
    expect(guard.claim('d')).toBe('done');
    expect(guard.claim('a')).toBe('new');
    nowMs = 2000;
    expect(guard.claim('d')).toBe('new');
    expect(guard.claim('d')).toBe('busy');
    guard.release('d');
    expect(guard.claim('d')).toBe('new');
  });
});

it('Express: a body that was parsed before cannot be verified, and says so', async () => {
  const answered = await new Promise<[number, string]>((resolve) => {
    let status = 0;
    const response = {
      writeHead: (code: number) => {
        status = code;
        return response;
      },
      end: (text: string) => resolve([status, text]),
    };
    const receive = receiveExpress({ secret: SECRET }, () => undefined);
    receive({ body: { parsed: true }, headers: {} } as never, response as never);
  });
  expect(answered).toEqual([500, expect.stringContaining('express.json()')]);
});
