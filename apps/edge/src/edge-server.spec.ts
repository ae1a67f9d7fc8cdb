import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '@sluice/contracts';
import { loadSettings } from '@sluice/platform';
import { freePort, hostileReceiver, type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createEdge, type Edge } from './edge-server.ts';
import type { Upstreams } from './upstreams.config.ts';

const { requestLimits } = loadSettings({});
const SERVICES: ServiceName[] = ['gateway', 'registry', 'runner', 'dispatcher', 'delivery-log'];
const receivers = new Map<ServiceName, RecordingReceiver>();
const closing: (() => Promise<unknown>)[] = [];
let edge: Edge;
let url: string;

async function edgeTo(
  upstreams: Record<ServiceName, string | string[]>,
  trustedProxies: string[] = [],
  limits = requestLimits,
): Promise<{ edge: Edge; url: string }> {
  const lists = Object.fromEntries(Object.entries(upstreams).map(([name, url]) => [name, [url].flat()]));
  const made = createEdge({ upstreams: lists as unknown as Upstreams, trustedProxies, requestLimits: limits });
  closing.push(() => made.drain(200));
  await new Promise<void>((resolve) => made.server.listen(0, '127.0.0.1', resolve));
  return { edge: made, url: `http://127.0.0.1:${(made.server.address() as AddressInfo).port}` };
}

const originsNow = () =>
  Object.fromEntries([...receivers].map(([name, one]) => [name, one.url])) as Record<ServiceName, string>;

beforeAll(async () => {
  for (const name of SERVICES) receivers.set(name, await recordingReceiver());
});
afterAll(async () => {
  for (const receiver of receivers.values()) await receiver.close();
});
beforeEach(async () => {
  for (const [name, receiver] of receivers) {
    receiver.clear();
    receiver.respond({ status: 200, headers: { 'x-served-by': name }, body: name });
  }
  ({ edge, url } = await edgeTo(originsNow()));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const got = (name: ServiceName) => {
  const [first] = receivers.get(name)?.requests ?? [];
  if (!first) throw new Error(`${name} got nothing`);
  return first;
};

test.each([
  ['POST', '/t/0190c5b0-0000-7000-8000-000000000000?x=1&y=%20', 'gateway'],
  ['GET', '/v1/apps', 'registry'],
  ['HEAD', '/v1/apps', 'registry'],
  ['GET', '/v1/runs/1', 'runner'],
  ['POST', '/v1/endpoints/4/pause', 'dispatcher'],
  ['GET', '/v1/deliveries', 'delivery-log'],
  ['POST', '/v1/events', 'gateway'],
  ['GET', '/v1/events', 'delivery-log'],
  ['DELETE', '/v1/flows/1', 'registry'],
] as const)('%s %s goes to %s, path and query unchanged', async (method, path, service) => {
  const answer = await fetch(url + path, { method });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-served-by')).toBe(service);
  expect(got(service)).toMatchObject({ method, path });
});

test.each(['/livez', '/metrics'])(
  'OP-02: HEAD %s is answered by the edge as GET is, without the body',
  async (path) => {
    const answer = await fetch(url + path, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(0);
  },
);

test('an unknown path is a 404 problem, and nobody is asked', async () => {
  const answer = await fetch(`${url}/nowhere/at/all`, { method: 'POST', body: '{}' });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(await answer.json()).toMatchObject({ code: 'not_found', instance: '/nowhere/at/all' });
});

test.each(['/t/../v1/apps', '/t/%2e%2e/v1/apps', '/t/..%2fv1/apps', '/t/./x', '/t/a\\..\\b', '/t/..', '/livez/..'])(
  'the path %s, which the service could read as another one, is refused',
  async (path) => {
    const status = await new Promise((resolve, reject) => {
      httpRequest(url + path, { path }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
    expect([...receivers.values()].flatMap((one) => one.requests)).toEqual([]);
  },
);

test.each([
  ['http://other.example/v1/apps?x=1', 200, ['/v1/apps?x=1']],
  ['/%76%31/%61pps/a%2Fb', 200, ['/%76%31/%61pps/a%2Fb']],
  ['HTTPS://other.example/livez', 200, []],
  ['/%6Civez', 200, []],
  ['http://other.example', 302, []],
])('the target %s is routed as what it means, and goes on in origin-form', async (target, status, passedOn) => {
  const answered = await new Promise((resolve, reject) => {
    httpRequest(url, { path: target }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
  expect(answered).toBe(status);
  expect([...receivers.values()].flatMap((one) => one.requests.map(({ path }) => path))).toEqual(passedOn);
});

test('a body passes unchanged, whatever its type, also an unreadable one', async () => {
  const body = Buffer.from([0, 255, 10, 13, 34]);
  await fetch(`${url}/t/1`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect(got('gateway').body.equals(body)).toBe(true);
  expect(got('gateway').headers['content-type']).toBe('application/json');
});

test('a body is passed on while it arrives, and an answer while it is written', async () => {
  const arrived: string[] = [];
  const upstream: Server = createServer((request, response) => {
    response.writeHead(200);
    request.on('data', (chunk: Buffer) => {
      arrived.push(chunk.toString());
      response.write(`saw ${chunk.toString()}`);
    });
    request.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  closing.unshift(() => new Promise((resolve) => upstream.close(resolve)));
  const streaming = await edgeTo({
    ...originsNow(),
    gateway: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
  });
  const seen = await new Promise<string[]>((resolve, reject) => {
    const parts: string[] = [];
    const request = httpRequest(`${streaming.url}/t/1`, { method: 'POST', agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => {
        parts.push(chunk.toString());
        if (parts.length === 1) request.end('two'); // only sent once the answer to the first part is here
      });
      response.on('end', () => resolve(parts));
    });
    request.on('error', reject);
    request.write('one');
  });
  expect(arrived).toEqual(['one', 'two']);
  expect(seen.join('')).toBe('saw onesaw two');
});

test('request ids and trace context pass in both directions, hop-by-hop headers do not', async () => {
  receivers
    .get('gateway')
    ?.respond({ status: 202, headers: { 'x-request-id': 'r-1', location: '/t/requests/r-1', 'retry-after': '3' } });
  const answer = await new Promise<{ status: number | undefined; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const headers = {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'x-request-id': 'mine',
        expect: '100-continue',
        te: 'trailers',
        'keep-alive': 'timeout=9',
        connection: 'keep-alive, x-hop',
        'x-hop': 'secret',
      };
      httpRequest(`${url}/t/1`, { method: 'POST', headers }, (response) =>
        resolve({ status: response.resume().statusCode, headers: response.headers }),
      )
        .on('error', reject)
        .end('{}');
    },
  );
  expect(answer).toMatchObject({
    status: 202,
    headers: { 'x-request-id': 'r-1', location: '/t/requests/r-1', 'retry-after': '3' },
  });
  const { headers } = got('gateway');
  expect(headers).toMatchObject({
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'x-request-id': 'mine',
  });
  for (const name of ['expect', 'te', 'keep-alive', 'x-hop']) expect(headers).not.toHaveProperty(name);
});

test('X-Forwarded-* say who called, and a stranger cannot claim to be somebody else', async () => {
  await fetch(`${url}/t/1`, {
    headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', forwarded: 'for=1.1.1.1' },
  });
  expect(got('gateway').headers).toMatchObject({
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': new URL(url).host,
  });
  expect(got('gateway').headers).not.toHaveProperty('forwarded');
});

test('a trusted proxy is believed, and its address is appended', async () => {
  const behind = await edgeTo(originsNow(), ['127.0.0.0/8']);
  await fetch(`${behind.url}/t/1`, { headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' } });
  expect(got('gateway').headers).toMatchObject({
    'x-forwarded-for': '203.0.113.9, 127.0.0.1',
    'x-forwarded-proto': 'https',
  });
});

test('a service that is away is a 503 problem with Retry-After, and is used again once it is back', async () => {
  const port = await freePort();
  const cut = await edgeTo({ ...originsNow(), gateway: `http://127.0.0.1:${port}` });
  const away = await fetch(`${cut.url}/t/1`, { method: 'POST', body: 'x' });
  expect(away.status).toBe(503);
  expect(away.headers.get('retry-after')).toBe('1');
  expect(await away.json()).toMatchObject({ code: 'upstream_unavailable' });
  const back = await recordingReceiver({ port });
  closing.unshift(() => back.close());
  expect((await fetch(`${cut.url}/t/1`, { method: 'POST', body: 'x' })).status).toBe(204);
});

test('a service that breaks the connection is a 502 problem', async () => {
  const broken = await hostileReceiver({ kind: 'reset', when: 'request' });
  closing.unshift(() => broken.close());
  const cut = await edgeTo({ ...originsNow(), gateway: broken.url });
  const answer = await fetch(`${cut.url}/t/1`, { method: 'POST', body: 'x' });
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({ code: 'bad_gateway' });
  expect(broken.requests).toBe(1);
});

test('a 503 of a service is the answer: the edge never asks twice', async () => {
  receivers.get('gateway')?.respond({ status: 503, headers: { 'retry-after': '0' } });
  expect((await fetch(`${url}/t/1`)).status).toBe(503);
  await sleep(100);
  expect(receivers.get('gateway')?.requests).toHaveLength(1);
});

test('/readyz is 503 until all five are ready; afterwards one that is away shows, and strict=true fails', async () => {
  receivers.get('runner')?.respond({ status: 503 });
  const before = await fetch(`${url}/readyz`);
  expect(before.status).toBe(503);
  expect(await before.json()).toMatchObject({
    checks: { runner: { ok: false, detail: 'answers 503' }, gateway: { ok: true } },
  });
  receivers.get('runner')?.respond({ status: 200 });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  receivers.get('runner')?.respond({ status: 503 });
  const after = await fetch(`${url}/readyz`);
  expect(after.status).toBe(200);
  expect(await after.json()).toMatchObject({ checks: { runner: { ok: false } } });
  expect((await fetch(`${url}/readyz?strict=true`)).status).toBe(503);
});

test('/openapi.json holds the paths of all five, and says who is missing when one is away', async () => {
  for (const [name, receiver] of receivers) {
    receiver.respond({
      status: 200,
      body: JSON.stringify({ openapi: '3.1.0', info: { title: 'Sluice' }, paths: { [`/${name}`]: { get: {} } } }),
    });
  }
  const whole = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(whole.paths).sort()).toEqual(SERVICES.map((name) => `/${name}`).sort());
  receivers.get('runner')?.respond({ status: 500 });
  const partial = await fetch(`${url}/openapi.json`);
  expect(partial.status).toBe(503);
  expect(await partial.json()).toMatchObject({ detail: expect.stringContaining('runner does not tell its API') });
});

test('/livez and /metrics are its own', async () => {
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  await fetch(`${url}/t/1`);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain(
    'sluice_edge_requests_total{service="gateway",status="2xx"}',
  );
});

test('draining finishes what is under way and cuts what takes longer than the patience', async () => {
  receivers.get('gateway')?.respond({ status: 200, body: 'late', delayMs: 150 });
  receivers.get('runner')?.respond({ status: 200, body: 'never', delayMs: 60_000 });
  const [short, long] = [fetch(`${url}/t/1`), fetch(`${url}/v1/runs/1`)];
  long.catch(() => undefined); // looked at below
  await Promise.all([receivers.get('gateway')?.waitFor(1), receivers.get('runner')?.waitFor(1)]);
  const start = Date.now();
  const drained = edge.drain(2_500);
  expect(await (await short).text()).toBe('late');
  await expect(long).rejects.toThrow();
  await drained;
  expect(Date.now() - start).toBeLessThan(30_000);
});

test('an instance that cannot be reached is passed over: its requests go to the next', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const two = await edgeTo({ ...originsNow(), gateway: [nobody, originsNow().gateway] });
  for (let n = 0; n < 6; n++) {
    const answer = await fetch(`${two.url}/t/0190c5b0-0000-7000-8000-000000000000`, { method: 'POST', body: `${n}` });
    expect([answer.status, await answer.text()]).toEqual([200, 'gateway']);
  }
  expect(receivers.get('gateway')?.requests.map((each) => each.text)).toEqual(['0', '1', '2', '3', '4', '5']);
  const report = await (await fetch(`${two.url}/readyz`)).json();
  expect(report).toMatchObject({ checks: { gateway: { ok: false }, 'gateway-2': { ok: true } } });
});

test('GW-07: headers and time are bounded as the deployment says', async () => {
  const chosen = await edgeTo(originsNow(), [], { ...requestLimits, maxHeaderBytes: 4_096, requestTimeoutMs: 7_000 });
  const { headersTimeout, requestTimeout } = chosen.edge.server;
  expect([headersTimeout, requestTimeout]).toEqual([7_000, 7_000]);
  const withHeader = (length: number) => fetch(`${chosen.url}/v1/apps`, { headers: { 'x-big': 'x'.repeat(length) } });
  // What is not x-big's value takes less than 400 bytes.
  expect((await withHeader(3_696)).status).toBe(200);
  const refused = await withHeader(4_096);
  expect([refused.status, await refused.json()]).toMatchObject([
    431,
    {
      code: 'headers_too_large',
      detail: 'a request may have at most 4096 bytes of headers, with its first line, and at most 2000 headers',
    },
  ]);
});
