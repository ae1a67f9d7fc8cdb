import { expect, test } from 'vitest';
import { beyondPortal } from './endpoint-test.rules.ts';

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
