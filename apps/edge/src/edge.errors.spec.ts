import { expect, test } from 'vitest';
import { isNotReached, problemOfParser } from './edge.errors.ts';

const failed = (code: string, syscall?: string): Error =>
  Object.assign(new Error(code), { code, ...(syscall === undefined ? {} : { syscall }) });

test.each([
  ['a port where nobody listens', failed('ECONNREFUSED', 'connect'), true],
  ['a name that nobody knows', failed('ENOTFOUND', 'getaddrinfo'), true],
  ['a connection that took too long to be made', failed('UND_ERR_CONNECT_TIMEOUT'), true],
  ['every address of a name refused', new AggregateError([failed('ECONNREFUSED', 'connect')]), true],
  ['a connection that fell silent while it was open', failed('ETIMEDOUT', 'read'), false],
  ['a connection that was reset', failed('ECONNRESET', 'read'), false],
  ['a client that was ended', failed('UND_ERR_DESTROYED'), false],
])('%s: only a request that certainly never arrived goes to another instance', (_what, error, expected) => {
  expect(isNotReached(error)).toBe(expected);
});

test('GW-07: what is too long or too slow is told with the limits of the deployment', () => {
  const limits = { maxHeaderBytes: 4_096, requestTimeoutMs: 5_500 };
  expect(problemOfParser('HPE_HEADER_OVERFLOW', limits)).toMatchObject({
    status: 431,
    message: 'a request may have at most 4096 bytes of headers, with its first line, and at most 2000 headers',
  });
  expect(problemOfParser('ERR_HTTP_REQUEST_TIMEOUT', limits)).toMatchObject({
    status: 408,
    message: 'the request was not complete within 5.5 s',
  });
});
