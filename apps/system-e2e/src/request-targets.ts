import type { System } from '@sluice/testing';
import { expect, it } from 'vitest';
import { raw, unfit } from './wire.ts';

/** As they stand in the first line of a request. The same through the edge and to the one process of standalone. */
const TARGETS: readonly [name: string, line: string, status: number, code?: string][] = [
  ...[
    '/api/webhooks/../runs',
    '/v1/../v1/flows',
    '/t/%2e%2E/x',
    '/v1/flows/..%2F..%2Fx',
    '/v1/flows/..',
    '/v1\\flows',
    '/v1/flows%5cx',
    '/v1/flows#x',
    '/nowhere/./x',
    '/livez/../livez',
    '/console/../v1/flows',
    '/apps/../x',
  ].map((path): [string, string, number, string] => [path, `GET ${path}`, 400, 'bad_request']),
  ...['//', '//v1/flows', '/v1//flows', '/v1/flows/', '/v1%2Fflows', '/v1/flows;a=b', '/V1/flows'].map(
    (path): [string, string, number, string] => [path, `GET ${path}`, 404, 'not_found'],
  ),
  ['no percent-encoding', 'GET /v1/flows/%zz', 400, 'bad_request'],
  ['a needless percent-encoding', 'GET /%6civez', 200],
  ['the same on the way to a service', 'GET /%76%31/%66lows', 401, 'unauthorized'],
  ['an absolute target', 'GET http://other.example/livez?x=1', 200],
  ['one of a service', 'GET HTTP://other.example:1/v1/flows', 401, 'unauthorized'],
  ['one that climbs', 'GET http://x/t/../livez', 400, 'bad_request'],
  ['one without a path', 'GET http://x', 302],
  ['one of another scheme', 'GET ftp://x/livez', 404, 'not_found'],
  ['none that begins with a slash', 'GET v1/flows', 400, 'malformed_request'],
  ['the whole server', 'OPTIONS *', 404, 'not_found'],
  ['a byte that is no ASCII', 'GET /v1/flows/\xe9', 400, 'malformed_request'],
  ['3,000 characters', `GET /v1/flows/${'a'.repeat(3_000)}`, 404, 'not_found'],
  ['15,000 characters', `GET /${'a'.repeat(15_000)}`, 404, 'not_found'],
  ['70,000 characters', `GET /${'a'.repeat(70_000)}`, 431, 'headers_too_large'],
];

/** The targets that clients, proxies and attackers write; each wiring runs them. */
export function describeTargets(given: () => System): void {
  it.each(TARGETS)('GW-07: the target %s', async (_name, line, status, code) => {
    const request = `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const answer = await raw(given(), Buffer.from(request, 'latin1'));
    const type = /^content-type: (.*)$/im.exec(answer)?.[1];
    const got = { status: Number(answer.slice(9, 12)), headers: { 'content-type': type }, text: answer };
    expect([got.status, /"code":"(\w+)"/.exec(answer)?.[1]]).toEqual([status, code]);
    expect(unfit(got)).toBeNull();
  });

  it('GW-07: 2,000 headers are taken and none is dropped; more are refused', async () => {
    const withHeaders = async (count: number): Promise<string> => {
      const more = Array.from({ length: count - 3 }, (_, index) => `${(1_296 + index).toString(36)}:1\r\n`).join('');
      const last = `Authorization: Bearer ${given().adminToken}\r\n`;
      const head = `GET /v1/apps HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}${last}\r\n`;
      expect(head.length).toBeLessThan(16_000);
      return raw(given(), head);
    };
    expect(await withHeaders(2_000)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await withHeaders(2_004)).toMatch(/^HTTP\/1\.1 431 [^]*"code":"headers_too_large"/);
  });
}
