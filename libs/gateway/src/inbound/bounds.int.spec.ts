import { spawn } from 'node:child_process';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { newId, type TriggerAccepted, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { BodyBudget } from './body-budget.ts';

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
  await waitFor(async () => (await post('{}', 'application/json')).status === 202);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function post(body: string | Uint8Array, type: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${running.url}/t/${trigger.id}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body,
  });
  const { code } = (await answer.json()) as { code?: string };
  return { status: answer.status, code };
}

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const textOf = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const members = (count: number): string => `{${Array.from({ length: count }, (_, n) => `"k${n}":0`).join(',')}}`;
const fields = (count: number): string => Array.from({ length: count }, (_, n) => `f${n}=1`).join('&');
const elements = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
const parts = (count: number): string =>
  `${Array.from({ length: count }, (_, n) => `--b\r\ncontent-disposition: form-data; name="f${n}"\r\n\r\n1\r\n`).join('')}--b--\r\n`;
const MULTIPART = 'multipart/form-data; boundary=b';

describe('GW-07: from just under each limit to far over it', () => {
  it.each<[string, string, (size: number) => string, number, number, number, string]>([
    ['bytes of a body', JSON_TYPE, textOf, 1_048_576, 3_000_000, 413, 'body_too_large'],
    ['depth of JSON', JSON_TYPE, nested, 64, 100_000, 422, 'too_deep'],
    ['keys of JSON', JSON_TYPE, members, 10_000, 60_000, 422, 'too_many_keys'],
    ['fields of a form', FORM, fields, 1_000, 100_000, 422, 'too_many_fields'],
    ['parts of a multipart body', MULTIPART, parts, 100, 10_000, 422, 'too_many_parts'],
    ['depth of XML', 'application/xml', elements, 64, 100_000, 422, 'too_deep'],
  ])('%s', async (_, type, make, limit, farOver, status, code) => {
    for (const under of [limit - 1, limit])
      expect([under, (await post(make(under), type)).status]).toEqual([under, 202]);
    for (const over of [limit + 1, farOver])
      expect([over, await post(make(over), type)]).toEqual([over, { status, code }]);
  });

  it('headers with the request line: 16 KiB', async () => {
    const withHeader = async (length: number): Promise<number> => {
      const { socket, answer } = dial();
      socket.write(head('Connection: close', 'Content-Length: 0', `X-Big: ${'x'.repeat(length)}`));
      return Number((await answer).slice(9, 12));
    };
    // 16,384 bytes are for everything before the body; what is not X-Big's value takes less than 300.
    for (const length of [100, 15_000, 16_084]) expect([length, await withHeader(length)]).toEqual([length, 202]);
    for (const length of [16_384, 17_000, 200_000]) expect([length, await withHeader(length)]).toEqual([length, 431]);
  });

  it('XML with a DOCTYPE is refused, whatever it would expand to', async () => {
    const bomb = `<!DOCTYPE a [<!ENTITY a "${'x'.repeat(1_000)}"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>`;
    expect(await post(bomb, 'application/xml')).toMatchObject({ status: 422, code: 'malformed_xml' });
  });

  it('a gzip bomb is 413, whichever the coding, and a coding that is not known 415', async () => {
    const bombs = [
      ['gzip', gzipSync(Buffer.alloc(100_000_000))],
      ['br', brotliCompressSync(Buffer.alloc(20_000_000))],
      ['deflate', deflateSync(Buffer.alloc(100_000_000))],
    ] as const;
    for (const [encoding, bomb] of bombs) {
      expect(bomb.length).toBeLessThan(200_000);
      const answer = await post(bomb, JSON_TYPE, { 'content-encoding': encoding });
      expect([encoding, answer]).toEqual([encoding, { status: 413, code: 'body_too_large' }]);
    }
    for (const encoding of ['zstd', 'identity, gzip', 'gzip, gzip', 'x']) {
      const answer = await post('{}', JSON_TYPE, { 'content-encoding': encoding });
      expect([encoding, answer]).toEqual([encoding, { status: 415, code: 'unsupported_content_encoding' }]);
    }
    expect((await post('{}', JSON_TYPE, { 'content-encoding': 'identity' })).status).toBe(202);
    expect((await post('', JSON_TYPE, { 'content-encoding': 'gzip' })).status).toBe(202);
    await waitFor(() => running.app.nest.get(BodyBudget, { strict: false }).held === 0);
  });

  it('a compressed body is stored as what it was before, and limits hold for that', async () => {
    const text = '{"packed":[1,2,3]}';
    const sent = (body: string) => post(gzipSync(body), JSON_TYPE, { 'content-encoding': 'gzip' });
    expect((await sent(text)).status).toBe(202);
    const last = (await neighbours.accepted()).at(-1);
    expect(last?.body).toBe(text);
    const { data } = await neighbours.event(last?.streamId as string);
    expect(data).toMatchObject({ contentEncoding: 'gzip', bodySize: text.length, bodyKind: 'json' });
    expect((data as TriggerAccepted).headers).not.toHaveProperty('content-encoding');
    expect(await sent(nested(65))).toEqual({ status: 422, code: 'too_deep' });
    expect(await post('{}', JSON_TYPE, { 'content-encoding': 'gzip' })).toEqual({
      status: 422,
      code: 'malformed_content_encoding',
    });
  });
});

/** A socket to the gateway, and everything it answers until it closes. */
function dial(): { socket: Socket; answer: Promise<string> } {
  const socket = connect(running.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  // A reset after the answer is what a refused sender may get; the answer is what counts.
  socket.on('error', () => undefined);
  const answer = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  return { socket, answer };
}

const head = (...lines: string[]): string =>
  `POST /t/${trigger.id} HTTP/1.1\r\nHost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

describe('GW-07: what does not frame as one request', () => {
  it.each<[string, () => string]>([
    ['two different Content-Lengths', () => `${head('Content-Length: 2', 'Content-Length: 3')}{}`],
    ['a list of Content-Lengths', () => `${head('Content-Length: 2, 3')}{}`],
    ['a Content-Length with a sign', () => `${head('Content-Length: +2')}{}`],
    ['a Content-Length in hex', () => `${head('Content-Length: 0x2')}{}`],
    ['chunked and a Content-Length', () => `${head('Transfer-Encoding: chunked', 'Content-Length: 2')}0\r\n\r\n`],
    ['chunked that is not the last coding', () => `${head('Transfer-Encoding: chunked, identity')}0\r\n\r\n`],
    ['an unknown coding', () => `${head('Transfer-Encoding: xchunked')}0\r\n\r\n`],
    ['a chunk size that overflows', () => `${head('Transfer-Encoding: chunked')}fffffffffffffffff\r\n`],
    ['a chunk longer than it says', () => `${head('Transfer-Encoding: chunked')}2\r\n{}x\r\n0\r\n\r\n`],
    ['a negative chunk', () => `${head('Transfer-Encoding: chunked')}-1\r\n`],
    ['a bare LF before a header', () => head('X-A: b\nContent-Length: 2').replace('\r\n\r\n', '\n\n')],
    ['a header injected by CR', () => head('X-A: b\rX-Injected: 1')],
    ['a NUL in a header', () => head('X-A: b\0c')],
    ['a space before the colon', () => head('X-A : b')],
    ['a line without a colon', () => head('nonsense')],
    ['no Host', () => `POST /t/${trigger.id} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`],
  ])('%s is refused with a 4xx problem, the connection closes, and nothing is stored', async (_, make) => {
    const before = (await neighbours.accepted()).length;
    const { socket, answer } = dial();
    socket.write(make());
    setTimeout(() => socket.end(), 300);
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(text).not.toContain('X-Injected');
    expect((await neighbours.accepted()).length).toBe(before);
  });

  it('trailers without end are cut off', async () => {
    const { socket, answer } = dial();
    socket.write(`${head('Content-Type: application/json', 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n`);
    for (let n = 0; n < 40; n++) socket.write(`X-T${n}: ${'x'.repeat(1_000)}\r\n`);
    expect(await answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('chunk extensions without end are cut off', async () => {
    const { socket, answer } = dial();
    socket.write(head('Content-Type: application/json', 'Transfer-Encoding: chunked'));
    socket.write(`2;${'x'.repeat(40_000)}`);
    setTimeout(() => socket.end(), 1_000);
    expect(await answer).toMatch(/^HTTP\/1\.1 4(00|13|31) /);
  });
});

/** The time limits of 15 s, shortened while `work` runs. */
async function inShort(work: () => Promise<void>): Promise<void> {
  const server = running.app.nest.getHttpServer() as { requestTimeout: number; headersTimeout: number };
  const { requestTimeout, headersTimeout } = server;
  expect([requestTimeout, headersTimeout]).toEqual([15_000, 15_000]);
  Object.assign(server, { requestTimeout: 500, headersTimeout: 500 });
  try {
    await work();
  } finally {
    Object.assign(server, { requestTimeout, headersTimeout });
  }
}

describe('GW-07: who does not finish', () => {
  it('headers and bodies that drip, and connections that say nothing, are closed in time with 408', async () => {
    await inShort(async () => {
      const [headers, body, silent] = [dial(), dial(), dial()];
      headers.socket.write(`POST /t/${trigger.id} HTTP/1.1\r\nHost: x\r\n`);
      body.socket.write(head('Content-Type: application/json', 'Content-Length: 100000'));
      let n = 0;
      const dripping = setInterval(() => {
        headers.socket.write(`X-${n++}: 1\r\n`);
        body.socket.write('x');
      }, 50);
      const answers = await Promise.all([headers.answer, body.answer, silent.answer]);
      clearInterval(dripping);
      for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*request_timeout/);
    });
  });

  it('a request for an unknown trigger is refused before its body has come', async () => {
    const { socket, answer } = dial();
    socket.write(head('Content-Type: application/json', 'Content-Length: 100000').replace(trigger.id, newId()));
    expect(await answer).toMatch(/^HTTP\/1\.1 404 [^]*unknown_trigger/);
    expect(running.app.nest.get(BodyBudget, { strict: false }).held).toBe(0);
  });

  it('a caller that leaves while its trigger is looked up, or in the middle of its body, leaves nothing behind', async () => {
    for (const id of [trigger.id, newId()]) {
      const { socket, answer } = dial();
      socket.write(`${head('Content-Type: application/json', 'Content-Length: 100').replace(trigger.id, id)}{`, () =>
        socket.destroy(),
      );
      await answer;
    }
    expect((await post('{}', JSON_TYPE)).status).toBe(202);
    await waitFor(() => running.app.nest.get(BodyBudget, { strict: false }).held === 0);
  });
});

describe('GW-07: many connections', () => {
  /** A process of its own: sockets of both sides would be more files than one may have. */
  const IDLE = `
    const { connect } = require('node:net');
    let open = 0;
    const dial = () => { const socket = connect(Number(process.argv[1]), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.once('connect', () => { if (++open === 10000) console.log('open'); else if (open % 100 === 0) for (let n = 0; n < 100; n++) dial(); }); };
    for (let n = 0; n < 100; n++) dial();
    process.stdin.on('end', () => process.exit()).resume();`;

  it('10,000 that say nothing hold nobody up, and go when their time is over', async () => {
    const idle = spawn(process.execPath, ['-e', IDLE, String(running.port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => idle.stdout.once('data', resolve));
      const statuses = await Promise.all(Array.from({ length: 20 }, () => post('{}', JSON_TYPE)));
      expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([202]));
      const server = running.app.nest.getHttpServer() as Server;
      const count = () => new Promise<number>((resolve) => server.getConnections((_error, open) => resolve(open)));
      // None of them is closed by its own side.
      await inShort(async () => void (await waitFor(async () => (await count()) < 1_000, 60_000)));
      expect((await post('{}', JSON_TYPE)).status).toBe(202);
    } finally {
      idle.stdin.end();
      await new Promise((resolve) => (idle.exitCode === null ? idle.once('exit', resolve) : resolve(null)));
    }
  }, 90_000);
});
