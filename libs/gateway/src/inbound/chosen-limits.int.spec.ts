import type { Server } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { TriggerState } from '@sluice/contracts';
import type { RequestLimits } from '@sluice/platform';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

const LOWERED: RequestLimits = {
  maxBodyBytes: 100_000,
  maxBodyRatio: 2,
  maxHeaderBytes: 4_096,
  requestTimeoutMs: 1_000,
  body: { maxDepth: 3, maxKeys: 4, maxFields: 5, maxParts: 2 },
};
/** As far as the settings go. */
const RAISED: RequestLimits = {
  maxBodyBytes: 1_048_576,
  maxBodyRatio: 1_000,
  maxHeaderBytes: 65_536,
  requestTimeoutMs: 120_000,
  body: { maxDepth: 64, maxKeys: 100_000, maxFields: 10_000, maxParts: 1_000 },
};

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=b';
const textOf = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
/** The shortest there are: a hundred thousand of them fit into a body. */
const members = (count: number): string => `{${Array.from({ length: count }, () => '"":0').join(',')}}`;
const fields = (count: number): string => Array.from({ length: count }, (_, n) => `f${n}=1`).join('&');
const elements = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
/** Files, which are stored one by one. */
const files = (count: number): string =>
  `${Array.from({ length: count }, (_, n) => `--b\r\ncontent-disposition: form-data; name="f${n}"; filename="n"\r\n\r\n1\r\n`).join('')}--b--\r\n`;

interface Chosen {
  name: string;
  limits: RequestLimits;
  /** Fields of a query string, and the status; the highest number does not fit into headers. */
  inQuery: [number, number][];
  /** What is answered to 80,000 bytes that were a hundred when they were sent. */
  unpacked: { status: number; detail?: unknown };
}

const CHOSEN: Chosen[] = [
  {
    name: 'lowered',
    limits: LOWERED,
    inQuery: [
      [5, 202],
      [6, 422],
    ],
    unpacked: { status: 413, detail: expect.stringContaining('(2 times') },
  },
  {
    name: 'raised to the top',
    limits: RAISED,
    inQuery: [
      [1_001, 202],
      [5_000, 202],
    ],
    unpacked: { status: 202 },
  },
];

describe.each(CHOSEN)('GW-07: limits that a deployment has $name', ({ limits, inQuery, unpacked }) => {
  let database: TestDatabase;
  let running: RunningServices;
  let trigger: TriggerState;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = testSettings(database.url, { requestLimits: limits });
    running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
    const neighbours = new Neighbours(running.app.nest);
    trigger = await neighbours.trigger(await neighbours.flow(), { auth: { type: 'none' } });
    await waitFor(async () => (await post('{}', JSON_TYPE)).status === 202);
  });
  afterAll(async () => {
    await running?.close();
    await database?.drop();
  });

  async function post(body: string | Uint8Array, type: string, headers: Record<string, string> = {}, query = '') {
    const answer = await fetch(`${running.url}/t/${trigger.id}${query}`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body,
    });
    const { code, detail } = (await answer.json()) as { code?: string; detail?: string };
    return { status: answer.status, code, detail };
  }

  /** Writes the head of a request by hand, and gives everything that is answered. */
  function answerTo(...lines: string[]): Promise<string> {
    const socket = connect(running.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    // A reset after the answer is what a refused sender may get; the answer is what counts.
    socket.on('error', () => undefined);
    socket.write([`POST /t/${trigger.id} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n'));
    return new Promise((resolve) => socket.on('close', () => resolve(text)));
  }

  const { maxDepth, maxKeys, maxFields, maxParts } = limits.body;
  it.each<[string, string, (size: number) => string, number, number, string]>([
    ['bytes of a body', JSON_TYPE, textOf, limits.maxBodyBytes, 413, 'body_too_large'],
    ['depth of JSON', JSON_TYPE, nested, maxDepth, 422, 'too_deep'],
    ['keys of JSON', JSON_TYPE, members, maxKeys, 422, 'too_many_keys'],
    ['fields of a form', FORM, fields, maxFields, 422, 'too_many_fields'],
    ['parts of a multipart body', MULTIPART, files, maxParts, 422, 'too_many_parts'],
    ['depth of XML', 'application/xml', elements, maxDepth, 422, 'too_deep'],
  ])('%s: one below and at the limit are taken, one above is refused with the number', async (_, ...row) => {
    const [type, make, limit, status, code] = row;
    for (const size of [limit - 1, limit]) expect([size, (await post(make(size), type)).status]).toEqual([size, 202]);
    const refused = await post(make(limit + 1), type);
    expect(refused).toMatchObject({ status, code });
    expect(refused.detail).toContain(` ${limit} `);
  });

  it('headers hold for the connection', async () => {
    const { maxHeaderBytes } = limits;
    const withHeader = (length: number): Promise<string> =>
      answerTo('Connection: close', 'Content-Length: 0', `X-Big: ${'x'.repeat(length)}`);
    // What is not X-Big's value takes less than 300 bytes.
    expect(await withHeader(maxHeaderBytes - 300)).toMatch(/^HTTP\/1\.1 202 /);
    const refused = await withHeader(maxHeaderBytes);
    expect(refused).toMatch(/^HTTP\/1\.1 431 [^]*headers_too_large/);
    expect(refused).toContain(`at most ${maxHeaderBytes} bytes`);
  });

  it('2,000 headers are taken where their bytes fit, more are refused, and none is dropped without a word', async () => {
    const withHeaders = (count: number): Promise<string> => {
      const more = Array.from({ length: count - 3 }, (_, index) => `${(46_656 + index).toString(36)}:1`);
      return answerTo('Connection: close', ...more, 'Content-Length: 0');
    };
    const bytes = 2_000 * 5;
    expect(await withHeaders(2_000)).toMatch(bytes < limits.maxHeaderBytes ? /^HTTP\/1\.1 202 / : /^HTTP\/1\.1 431 /);
    const refused = await withHeaders(2_004);
    expect(refused).toMatch(/^HTTP\/1\.1 431 [^]*headers_too_large/);
    expect(refused).toContain('at most 2000 headers');
  });

  it.each(inQuery)('a query string of %i fields is answered with %i', async (count, status) => {
    expect((await post('{}', JSON_TYPE, {}, `?${fields(count)}`)).status).toBe(status);
  });

  it('a compressed body grows as many times', async () => {
    const packed = gzipSync(textOf(80_000));
    expect(await post(packed, JSON_TYPE, { 'content-encoding': 'gzip' })).toMatchObject(unpacked);
  });

  it('the time holds for headers and for whole requests, and is told', async () => {
    const server = running.app.nest.getHttpServer() as Server;
    const { requestTimeoutMs } = limits;
    expect([server.headersTimeout, server.requestTimeout]).toEqual([requestTimeoutMs, requestTimeoutMs]);
    // The last test of this gateway: nobody waits for two minutes here.
    Object.assign(server, { headersTimeout: 500, requestTimeout: 500 });
    const answer = await answerTo('Content-Type: application/json', 'Content-Length: 10');
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*request_timeout/);
    expect(answer).toContain(`within ${requestTimeoutMs / 1_000} s.`);
  });
});
