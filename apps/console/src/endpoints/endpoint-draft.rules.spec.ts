import { expect, it } from 'vitest';
import {
  bodyOfDraft,
  draftOf,
  emptyDraft,
  type EndpointView,
  linesOfDraft,
  testBodyOf,
  typeOf,
} from './endpoint-draft.rules.ts';

const VIEW = {
  id: 7,
  kind: 'event',
  hookType: null,
  name: 'Orders',
  description: '',
  events: ['order.*', 'shop.closed'],
  url: 'https://example.org/',
  method: 'POST',
  contentType: 'application/json',
  format: 'standard',
  includeEntity: true,
  enabled: true,
  headers: [{ key: 'X-A', value: '********' }],
  secret: '********',
  basicUser: null,
  basicPass: null,
  filter: 'event.data.n > 1',
  transform: null,
  ordering: 'endpoint',
  retry: { schedule: ['PT0S', 'PT5S'] },
  rateLimit: 5,
  concurrency: 3,
} as unknown as EndpointView;

it('ET-02: a saved endpoint goes through the form and comes back as it was, its secrets masked', () => {
  const { id: _id, kind: _kind, hookType: _hookType, ...rest } = VIEW;
  expect(bodyOfDraft(draftOf(VIEW), false)).toEqual(rest);
});

it('LU-01: a new inline endpoint has what its type has, and nothing of events', () => {
  const body = bodyOfDraft({ ...emptyDraft('PROVISION'), name: 'Grant', url: 'https://x.example' }, true);
  expect(body).toMatchObject({ kind: 'inline', hookType: 'PROVISION', name: 'Grant' });
  expect(Object.keys(body)).not.toContain('events');
  expect(typeOf({ kind: 'inline', hookType: 'SIEM' })).toBe('SIEM');
});

it('ET-02: nothing filled in means all events, no retry of its own, no limits', () => {
  expect(bodyOfDraft(emptyDraft('event'), true)).toMatchObject({
    kind: 'event',
    events: ['*'],
    retry: null,
    rateLimit: null,
    filter: null,
    secret: null,
    headers: [],
    concurrency: 10,
  });
});

it('what is no number is sent as it was typed, so that the server tells of it', () => {
  expect(bodyOfDraft({ ...emptyDraft('event'), rateLimit: 'many' }, true)).toMatchObject({ rateLimit: 'many' });
});

it('LU-03: a test needs no name, and of a saved one says which it is', () => {
  expect(Object.keys(testBodyOf(emptyDraft('event'), null))).not.toContain('name');
  expect(testBodyOf(draftOf(VIEW), 7)).toMatchObject({ id: 7, name: 'Orders', secret: '********' });
});

it('CO-01: two states of an endpoint are compared line by line, and no secret is shown that was just typed', () => {
  const draft = { ...draftOf(VIEW), secret: 'hush', basicPass: 'hush', headers: [{ key: 'X-A', value: 'hush' }] };
  const lines = linesOfDraft(draft);
  expect(lines).not.toContain('hush');
  expect(lines).toContain('"secret": "(typed anew)"');
  expect(linesOfDraft(draftOf(VIEW))).toContain('"value": "********"');
});
