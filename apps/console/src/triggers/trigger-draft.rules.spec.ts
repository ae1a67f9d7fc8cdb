import { expect, test } from 'vitest';
import { changeOf, creationOf, draftOf, NEW_DRAFT, NotJson } from './trigger-draft.rules.ts';

const DRAFT = { ...NEW_DRAFT, name: 'Orders', flowId: 'f1' };

test('CO-01: a new trigger says only what was chosen, so that the defaults of the API hold', () => {
  expect(creationOf(DRAFT)).toEqual({ name: 'Orders', flowId: 'f1', profile: 'native', methods: ['POST'] });
  expect(creationOf({ ...DRAFT, profile: 'run' })).toEqual({ name: 'Orders', flowId: 'f1', profile: 'run' });
});

test('CO-01: presets, headers and passwords become the auth of the API', () => {
  const secret = { ...DRAFT, authSecret: 's' };
  expect(creationOf({ ...secret, auth: 'github' }).auth).toEqual({ type: 'hmac', preset: 'github', secret: 's' });
  expect(creationOf({ ...DRAFT, auth: 'slack' }).auth).toEqual({ type: 'hmac', preset: 'slack' });
  expect(creationOf({ ...DRAFT, auth: 'header', authHeader: 'X-Key' }).auth).toEqual({ type: 'header', name: 'X-Key' });
  expect(creationOf({ ...secret, auth: 'basic', authUser: 'u' }).auth).toEqual({
    type: 'basic',
    user: 'u',
    password: 's',
  });
  expect(creationOf({ ...DRAFT, auth: 'other', authJson: '{"type":"jwt"}' }).auth).toEqual({ type: 'jwt' });
  expect(() => creationOf({ ...DRAFT, auth: 'other', authJson: '{' })).toThrow(NotJson);
});

test('CO-01: a change sends every setting, also those that were emptied, and keeps the authentication', () => {
  const stored = { ...DRAFT, methods: ['POST', 'PUT'], ordering: 'app', rateLimit: { requests: 5, windowSeconds: 9 } };
  const draft = draftOf({ ...stored, allowedIps: ['10.0.0.0/8'], cors: null, idempotency: null, props: { a: 1 } });
  expect(changeOf({ ...draft, ordering: ' ' })).toEqual({
    name: 'Orders',
    methods: ['POST', 'PUT'],
    ordering: null,
    idempotency: null,
    rateLimit: { requests: 5, windowSeconds: 9 },
    allowedIps: ['10.0.0.0/8'],
    cors: null,
    props: { a: 1 },
  });
});
