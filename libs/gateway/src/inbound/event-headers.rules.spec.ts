import { expect, it } from 'vitest';
import { eventHeaders } from './event-headers.rules.ts';

it('Secrets never enter events: credential, Authorization and cookies are left out', () => {
  const headers = {
    host: 'a.example',
    authorization: 'Bearer secret',
    'proxy-authorization': 'Basic secret',
    cookie: 'sid=secret',
    'x-sluice-webhook-token': 'secret',
    'x-my-token': 'secret',
    'set-cookie': ['a=1', 'b=2'],
    'x-order': '7',
  };
  const kept = eventHeaders(headers, ['x-my-token']);
  expect(kept).toEqual({ host: 'a.example', 'set-cookie': 'a=1, b=2', 'x-order': '7' });
  expect(JSON.stringify(kept)).not.toContain('secret');
});
