import { expect, test } from 'vitest';
import { beyondPortal, fieldProblems, stageOfError } from './endpoint-test.rules.ts';
import { testedEndpoint } from './tested-endpoint.ts';

test('RG-02: a portal link tries where its endpoint is and how one gets in, with samples of its own events', () => {
  const events = ['order.*'];
  const pointers = (sent: object): string[] =>
    beyondPortal(sent as Record<string, unknown>, events).map(({ pointer }) => pointer);
  expect(pointers({ url: 'https://a.example/', headers: [], basicUser: 'u', eventType: 'order.paid' })).toEqual([]);
  expect(pointers({ transform: '{{ event }}', payload: {}, 'a/b~c': 1 })).toEqual([
    '/transform',
    '/payload',
    '/a~1b~0c',
  ]);
  expect(pointers({ eventType: 'invoice.made' })).toEqual(['/eventType']);
});

test('LU-03: time that ran out before anything was sent ran out while connecting, later at the request', () => {
  const late = (phase: string) => ({ stage: 'timeout', message: `not done within 15000 ms (${phase})` }) as const;
  expect(stageOfError(late('while connecting'))).toBe('connect');
  expect(stageOfError(late('while waiting for the answer'))).toBe('request');
});

test('LU-03: a test takes the fields that saving takes, and an empty user is none there, too', () => {
  expect(fieldProblems({ kind: 'event', customer: 'shop', externalKey: 'k' })).toEqual([]);
  expect(testedEndpoint({ kind: 'event', basicUser: '', basicPass: '', filter: '' }, null, 'app')).toMatchObject({
    basicUser: null,
    filter: null,
  });
});
