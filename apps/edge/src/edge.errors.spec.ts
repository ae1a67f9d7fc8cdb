import { expect, test } from 'vitest';
import { isNotReached } from './edge.errors.ts';

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
