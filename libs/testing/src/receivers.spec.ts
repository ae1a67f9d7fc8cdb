import { request } from 'node:http';
import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { type HostileMode, hostileReceiver } from './hostile-receiver.ts';
import { recordingReceiver } from './recording-receiver.ts';
import { waitFor } from './wait-for.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function hostile(mode: HostileMode) {
  const receiver = await hostileReceiver(mode);
  closing.push(() => receiver.close());
  return receiver;
}

test('the recording receiver keeps method, path, headers and body, and answers as told', async () => {
  const receiver = await recordingReceiver();
  closing.push(() => receiver.close());
  receiver.respond((_, index) => ({ status: index === 0 ? 500 : 201, body: 'done' }));
  const send = () => fetch(`${receiver.url}/a?b=1`, { method: 'POST', body: 'hello', headers: { 'x-id': '7' } });
  expect((await send()).status).toBe(500);
  expect(await (await send()).text()).toBe('done');
  const [first] = await receiver.waitFor(2);
  expect(first).toMatchObject({ method: 'POST', path: '/a?b=1', text: 'hello', headers: { 'x-id': '7' } });
});

test('waiting for a request that never comes says how many there are', async () => {
  const receiver = await recordingReceiver();
  closing.push(() => receiver.close());
  await expect(receiver.waitFor(1, 30)).rejects.toThrow(/request 1 .*did not come within 30 ms/);
});

test.each<HostileMode>([
  { kind: 'reset', when: 'connect' },
  { kind: 'reset', when: 'request' },
  { kind: 'reset', when: 'body' },
  { kind: 'http-garbage' },
  { kind: 'huge-headers', bytes: 200_000 },
])('$kind ($when) makes a client fail', async (mode) => {
  const receiver = await hostile(mode);
  await expect(fetch(receiver.url).then((response) => response.text())).rejects.toThrow();
  expect(receiver.connections).toBeGreaterThan(0);
});

test.each<HostileMode>([
  { kind: 'never-answers' },
  { kind: 'slow-head', byteEveryMs: 5 },
  { kind: 'slow-drip', byteEveryMs: 5 },
  { kind: 'endless-body' },
])('$kind keeps a client busy until the client gives up', async (mode) => {
  const receiver = await hostile(mode);
  const attempt = new Promise((resolve, reject) => {
    const options = { agent: false, signal: AbortSignal.timeout(150) };
    request(receiver.url, options, (response) => response.on('error', reject).on('end', resolve).resume())
      .on('error', reject)
      .end();
  });
  await expect(attempt).rejects.toThrow(/abort/i);
  await waitFor(() => receiver.open() === 0);
});

test('a status sequence ends on its last status', async () => {
  const receiver = await hostile({ kind: 'status-sequence', statuses: [500, 429, 200] });
  const seen: number[] = [];
  for (let round = 0; round < 4; round++) seen.push((await fetch(receiver.url)).status);
  expect(seen).toEqual([500, 429, 200, 200]);
});

test('a gzip bomb is small on the wire', async () => {
  const receiver = await hostile({ kind: 'gzip-bomb', unpackedBytes: 20_000_000 });
  const bytes = await new Promise<number>((resolve, reject) => {
    request(receiver.url, (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => (size += chunk.length));
      response.on('end', () => resolve(size));
    })
      .on('error', reject)
      .end();
  });
  expect(bytes).toBeLessThan(100_000);
});

test('tls-garbage fails the handshake', async () => {
  const receiver = await hostile({ kind: 'tls-garbage' });
  const handshake = new Promise((resolve, reject) => {
    connect({ host: '127.0.0.1', port: receiver.port, rejectUnauthorized: false }, () => resolve('connected')).on(
      'error',
      reject,
    );
  });
  await expect(handshake).rejects.toThrow();
});
