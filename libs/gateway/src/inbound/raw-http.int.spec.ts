import { connect, type Socket } from 'node:net';
import type { TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let trigger: TriggerState;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  trigger = await neighbours.trigger(await neighbours.flow(), { auth: { type: 'none' } });
  const url = `${running.url}/t/${trigger.id}`;
  await waitFor(async () => (await fetch(url, { method: 'POST' })).status === 202);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

/** A socket to the gateway, and everything it answers until it closes. */
function dial(): { socket: Socket; answer: Promise<string>; sofar(): string } {
  const socket = connect(running.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  // A reset after the answer is what a refused sender may get; the answer is what counts.
  socket.on('error', () => undefined);
  const answer = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  return { socket, answer, sofar: () => text };
}

const head = (...lines: string[]) =>
  `POST /t/${trigger.id} HTTP/1.1\r\nHost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const problemIn = (answer: string) =>
  JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { code: string; status: number };
const count = async () => (await neighbours.accepted()).length;

describe('GW-07: a caller that sends on without waiting for answers', () => {
  it('has every refusal answered in order, is read on then, and keeps nobody else waiting', async () => {
    const guarded = await neighbours.trigger(await neighbours.flow(), { auth: { type: 'bearer' } });
    await waitFor(() => neighbours.isKnown(guarded.id));
    const body = '{"a":1}';
    const post = (id: string) =>
      `POST /t/${id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const { socket, sofar } = dial();
    const refused = 1_500;
    socket.write(post(guarded.id).repeat(refused));
    expect((await fetch(`${running.url}/t/${trigger.id}`, { method: 'POST' })).status).toBe(202);
    socket.write(post(trigger.id));
    const statuses = () => sofar().match(/HTTP\/1\.1 \d{3}/g) ?? [];
    await waitFor(() => statuses().length === refused + 1, 30_000);
    expect(new Set(statuses().slice(0, refused))).toEqual(new Set(['HTTP/1.1 401']));
    expect(statuses().at(-1)).toBe('HTTP/1.1 202');
    socket.destroy();
  });
});

describe('GW-07: what the parser, the limits and the clock refuse', () => {
  it('an endless chunked body is refused with 413 at the limit, while it streams', async () => {
    const before = await count();
    const { socket, answer, sofar } = dial();
    socket.write(head('Content-Type: application/json', 'Transfer-Encoding: chunked'));
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    let sent = 0;
    while (!sofar().includes('\r\n\r\n') && sent < 200) {
      sent++;
      await new Promise((resolve) => socket.write(chunk, resolve));
    }
    socket.end();
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text.toLowerCase()).toContain('connection: close');
    expect(problemIn(text)).toMatchObject({ code: 'body_too_large' });
    expect(sent).toBeLessThan(100);
    expect(await count()).toBe(before);
  });

  it('a Content-Length over the limit is refused before the body is sent, and the sender can read why', async () => {
    const { socket, answer } = dial();
    socket.write(head('Content-Type: application/json', 'Content-Length: 5000000000'));
    const text = await answer;
    expect(problemIn(text)).toMatchObject({ code: 'body_too_large', status: 413 });
    socket.destroy();
  });

  it('a sender that never stops after the refusal is cut off', async () => {
    const { socket, answer } = dial();
    socket.write(head('Content-Type: application/json', 'Content-Length: 5000000000'));
    const flood = setInterval(() => socket.write(Buffer.alloc(1_000_000)), 10);
    const started = Date.now();
    await answer;
    clearInterval(flood);
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  it('a body that drips is ended with 408 by the time limit', async () => {
    const server = running.app.nest.getHttpServer() as { requestTimeout: number; headersTimeout: number };
    const { requestTimeout, headersTimeout } = server;
    // Node takes the longer of the two for whole requests.
    Object.assign(server, { requestTimeout: 500, headersTimeout: 500 });
    const { socket, answer } = dial();
    socket.write(head('Content-Type: application/json', 'Content-Length: 1000'));
    const drip = setInterval(() => socket.write('x'), 100);
    const text = await answer;
    clearInterval(drip);
    Object.assign(server, { requestTimeout, headersTimeout });
    expect([requestTimeout, headersTimeout]).toEqual([15_000, 15_000]);
    expect(problemIn(text)).toMatchObject({ code: 'request_timeout', status: 408 });
  });

  it('headers over 16 KiB are 431', async () => {
    const { socket, answer } = dial();
    socket.write(head(`X-Big: ${'x'.repeat(17_000)}`, 'Content-Length: 0'));
    expect(problemIn(await answer)).toMatchObject({ code: 'headers_too_large', status: 431 });
  });

  it.each([
    ['no HTTP at all', 'hello there\r\n\r\n'],
    ['a bad chunk size', 'chunked'],
    ['Content-Length and chunked together', 'both'],
    ['a negative Content-Length', 'negative'],
    ['a control character in a header', 'control'],
  ])('%s is 400 with a problem', async (_, what) => {
    const texts: Record<string, string> = {
      chunked: `${head('Transfer-Encoding: chunked')}zz\r\nabc\r\n`,
      both: `${head('Transfer-Encoding: chunked', 'Content-Length: 3')}0\r\n\r\n`,
      negative: head('Content-Length: -1'),
      control: head('X-A: a\u0001b', 'Content-Length: 0'),
    };
    const before = await count();
    const { socket, answer } = dial();
    socket.write(texts[what] ?? what);
    expect(problemIn(await answer)).toMatchObject({ code: 'malformed_request', status: 400 });
    expect(await count()).toBe(before);
  });

  it('a sender that breaks off in the middle leaves no event and no error', async () => {
    const before = await count();
    const { socket, answer } = dial();
    socket.write(head('Content-Type: application/json', 'Content-Length: 100'));
    socket.write('{"half":');
    setTimeout(() => socket.destroy(), 50);
    await answer;
    expect((await fetch(`${running.url}/t/${trigger.id}`, { method: 'POST' })).status).toBe(202);
    expect(await count()).toBe(before + 1);
  });

  it('a body in many small chunks, and pipelined requests, are accepted whole', async () => {
    const before = await count();
    const { socket, answer } = dial();
    const body = '{"text":"in pieces"}';
    socket.write(head('Content-Type: application/json', 'Transfer-Encoding: chunked'));
    for (const character of body) socket.write(`1\r\n${character}\r\n`);
    socket.write(`0\r\n\r\n${head('Content-Type: application/json', 'Connection: close', 'Content-Length: 2')}{}`);
    expect((await answer).match(/HTTP\/1\.1 202 /g)).toHaveLength(2);
    const events = (await neighbours.accepted()).slice(before);
    expect(events.map((event) => event.body).sort()).toEqual([body, '{}'].sort());
  });
});
