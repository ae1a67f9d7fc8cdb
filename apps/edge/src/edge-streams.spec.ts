import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request as httpRequest,
  type Server,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '@sluice/contracts';
import { loadSettings } from '@sluice/platform';
import { hostileReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterEach, expect, test } from 'vitest';
import { createEdge } from './edge-server.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function upstream(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return listen(server);
}

async function edgeTo(gateway: string): Promise<string> {
  const nobody = 'http://127.0.0.1:1';
  const upstreams: Record<ServiceName, string[]> = {
    gateway: [gateway],
    registry: [nobody],
    runner: [nobody],
    dispatcher: [nobody],
    'delivery-log': [nobody],
  };
  const edge = createEdge({ upstreams, trustedProxies: [], requestLimits: loadSettings({}).requestLimits });
  closing.push(() => edge.drain(100));
  return listen(edge.server);
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

test('a service may answer before the body is there: the client gets to read why', async () => {
  const url = await edgeTo(await upstream((_request, response) => void response.writeHead(413).end('too large')));
  const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { 'content-length': 50_000_000 };
    const request = httpRequest(`${url}/t/1`, { method: 'POST', agent: false, headers }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode, text }), reject);
    });
    request.on('error', reject);
    request.write(Buffer.alloc(1_000_000)); // and never the rest
  });
  expect(answer).toEqual({ status: 413, text: 'too large' });
});

test.each([1_000, 65_536, 65_537, 3_000_000])('a body of %d bytes arrives whole', async (bytes) => {
  const receiver = await recordingReceiver();
  closing.push(() => receiver.close());
  const body = Buffer.alloc(bytes, 'abcdefg');
  await fetch(`${await edgeTo(receiver.url)}/t/1`, { method: 'POST', body });
  const [got] = receiver.requests;
  expect(got?.body.equals(body)).toBe(true);
  expect(got?.headers['content-length']).toBe(String(bytes));
});

test.each([100, 500_000])(
  'of a body that breaks off at %d of its bytes nothing is taken for a whole one',
  async (sent) => {
    const ended: string[] = [];
    const gateway = await upstream((request, response) => {
      request.resume();
      request.on('end', () => ended.push('whole'));
      request.on('error', () => ended.push('broken'));
      request.on('end', () => response.end());
    });
    const url = new URL(await edgeTo(gateway));
    const socket = connect(Number(url.port), '127.0.0.1');
    socket.on('error', () => undefined); // the edge may reset what it cannot finish
    socket.write(`POST /t/1 HTTP/1.1\r\nhost: x\r\ncontent-length: ${sent === 100 ? 200 : 1_000_000}\r\n\r\n`);
    socket.write(Buffer.alloc(sent));
    await sleep(150);
    socket.destroy();
    await sleep(150);
    expect(ended).not.toContain('whole');
  },
);

test('when the client goes away the service is told, so that no long poll waits for nobody', async () => {
  let open = 0;
  const gateway = await upstream((request, response) => {
    open++;
    response.once('close', () => open--);
    request.resume();
  });
  const url = await edgeTo(gateway);
  const leaving = new AbortController();
  const poll = fetch(`${url}/t/1`, { signal: leaving.signal });
  await waitFor(() => open === 1);
  leaving.abort();
  await expect(poll).rejects.toThrow(/abort/i);
  await waitFor(() => open === 0);
});

test('a client that does not read holds the service back instead of filling the memory', async () => {
  const pouring = await hostileReceiver({ kind: 'endless-body' });
  closing.push(() => pouring.close());
  const url = new URL(await edgeTo(pouring.url));
  const socket = connect(Number(url.port), '127.0.0.1').pause();
  closing.push(async () => socket.destroy());
  socket.write('GET /t/1 HTTP/1.1\r\nhost: x\r\n\r\n');
  await waitFor(() => pouring.bytesSent > 0);
  // Every buffer on the way fills, and then nothing moves.
  await waitFor(async () => {
    const sent = pouring.bytesSent;
    await sleep(300);
    return pouring.bytesSent === sent;
  });
  expect(pouring.bytesSent).toBeLessThan(64_000_000);
});

test('an answer that breaks off is broken off for the client as well', async () => {
  const breaking = await hostileReceiver({ kind: 'reset', when: 'body' });
  closing.push(() => breaking.close());
  const answer = await fetch(`${await edgeTo(breaking.url)}/t/1`);
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});

test.each([
  ['GET / HTTP/1.1\r\nbad header\r\n\r\n', 400, 'malformed_request'],
  [`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'h'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
])('GW-03: what is no request is refused with a problem and its code: %j', async (bytes, status, code) => {
  const url = new URL(await edgeTo('http://127.0.0.1:1'));
  const socket = connect(Number(url.port), '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await new Promise((resolve) => socket.once('close', resolve));
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toMatch(/\r\ncontent-type: application\/problem\+json/);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status, code });
});
