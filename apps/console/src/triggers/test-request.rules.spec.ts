import { expect, test } from 'vitest';
import { exampleBodyOf, runIdOf, testRequestOf, wayOf } from './test-request.rules.ts';

const TRIGGER = {
  url: 'https://hooks.example/t/1?mode=x',
  methods: ['POST'],
  auth: { type: 'bearer' },
  profile: 'native',
};

test('CO-01: a test request carries the token as the trigger wants it, and never the cookie of the session', () => {
  expect(testRequestOf(TRIGGER, 'secret', '{"a":1}')).toEqual({
    path: '/t/1?mode=x',
    init: {
      method: 'POST',
      headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
      credentials: 'omit',
      body: '{"a":1}',
    },
  });
  const header = { ...TRIGGER, methods: ['GET'], auth: { type: 'header', name: 'X-Key' } };
  expect(testRequestOf(header, 'k', 'ignored').init).toEqual({
    method: 'GET',
    headers: { 'X-Key': 'k' },
    credentials: 'omit',
  });
  expect(testRequestOf({ ...TRIGGER, auth: { type: 'none' } }, '', '').init.headers).not.toHaveProperty(
    'authorization',
  );
});

test('CO-01: what only the sender can make, a signature or a password, is not offered', () => {
  expect(wayOf(TRIGGER)).toBe('token');
  expect(wayOf({ auth: { type: 'none' }, profile: 'native' })).toBe('open');
  expect(wayOf({ auth: { type: 'hmac' }, profile: 'native' })).toBe('none');
  expect(wayOf({ auth: { type: 'none' }, profile: 'listener' })).toBe('none');
});

test('CO-01: the example is the one of the curl, and the run is found in the answer of either profile', () => {
  expect(exampleBodyOf(`curl -X POST 'http://h/t/1' -d '{"company_id": 1}'`)).toBe('{"company_id": 1}');
  expect(exampleBodyOf(null)).toBe('{"hello": "world"}');
  const id = '0190c5b0-0000-7000-8000-000000000000';
  expect([runIdOf(`{"run_id":"${id}"}`), runIdOf(`{"id":"${id}","status":"accepted"}`)]).toEqual([id, id]);
  expect([runIdOf('<p>'), runIdOf('null'), runIdOf('{"id":7}')]).toEqual([null, null, null]);
});
