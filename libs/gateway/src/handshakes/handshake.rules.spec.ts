import { createHash } from 'node:crypto';
import type { TriggerAuth, TriggerHandshake } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import {
  answersHandshake,
  type HandshakeKind,
  isVerifyToken,
  metaChallenge,
  microsoftToken,
  slackChallenge,
  webhookPermission,
} from './handshake.rules.ts';

const KINDS: HandshakeKind[] = ['slack', 'meta', 'microsoft-graph', 'cloudevents'];
const answered = (auth: TriggerAuth, handshake: TriggerHandshake | null, profile: 'native' | 'run' = 'native') =>
  KINDS.filter((kind) => answersHandshake({ auth, handshake, profile }, kind));

describe('GW-12: which questions a trigger answers', () => {
  it('without a setting those that fit its authentication, in our own profile only', () => {
    expect(answered({ type: 'none' }, null)).toEqual(KINDS);
    expect(answered({ type: 'hmac', preset: 'slack' }, null)).toEqual(['slack', 'cloudevents']);
    expect(answered({ type: 'hmac', preset: 'meta' }, null)).toEqual(['meta', 'cloudevents']);
    expect(answered({ type: 'hmac', preset: 'github' }, null)).toEqual(['cloudevents']);
    expect(answered({ type: 'bearer' }, null)).toEqual(['meta', 'cloudevents']);
    expect(answered({ type: 'header', name: 'X-Token' }, null)).toEqual(['meta', 'cloudevents']);
    expect(answered({ type: 'basic', user: 'u' }, null)).toEqual(['cloudevents']);
    expect(answered({ type: 'none' }, null, 'run')).toEqual([]);
  });

  it('with a setting that one alone, whatever its authentication and profile', () => {
    for (const type of KINDS) {
      expect(answered({ type: 'bearer' }, { type }, 'run')).toEqual([type]);
      expect(answered({ type: 'none' }, { type })).toEqual([type]);
    }
    expect(answered({ type: 'none' }, { type: 'none' })).toEqual([]);
  });
});

describe('GW-12: Slack', () => {
  const ask = (value: unknown, contentType = 'application/json') =>
    slackChallenge(contentType, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
  const question = { token: 't', challenge: '3eZbrw1aB', type: 'url_verification' };

  it('gets its challenge back', () => expect(ask(question)).toBe('3eZbrw1aB'));

  it.each([
    ['another type', { ...question, type: 'event_callback', event: { type: 'url_verification' } }],
    ['no challenge', { ...question, challenge: undefined }],
    ['a challenge that is no text', { ...question, challenge: { toString: 'x' } }],
    ['a challenge too long', { ...question, challenge: 'x'.repeat(4_097) }],
    ['no token', { ...question, token: undefined }],
    ['a list', [question]],
    ['broken JSON', '{"type":"url_verification",'],
    ['a big body', { ...question, filler: 'x'.repeat(9_000) }],
    ['null', 'null'],
  ])('%s is a request like any other', (_, value) => expect(ask(value)).toBeNull());

  it('asks in JSON', () => expect(ask(question, 'text/plain')).toBeNull());
});

describe('GW-12: Meta', () => {
  const sha256 = createHash('sha256').update('trigger:a token').digest('hex');
  const trigger = {
    triggerId: 'trigger',
    auth: { type: 'bearer' } as TriggerAuth,
    handshake: { type: 'meta', verifyTokenSha256: sha256 } as TriggerHandshake | null,
    tokenHashes: [createHash('sha256').update('the token').digest()],
  };
  const ask = (change: Record<string, string | string[]>) =>
    metaChallenge(
      { 'hub.mode': 'subscribe', 'hub.challenge': '1158201444', 'hub.verify_token': 'a token', ...change },
      (token) => isVerifyToken(trigger, token),
    );

  it('gets its challenge back for the right verify token', () => {
    expect(ask({})).toEqual({ echo: '1158201444' });
    for (const token of ['A token', '', 'a token ', sha256]) expect(ask({ 'hub.verify_token': token })).toBe('wrong');
    expect(ask({ 'hub.verify_token': ['a token', 'a token'] })).toBe('wrong');
  });

  it('without a setting the verify token is a token of the trigger, or any where deliveries are proved otherwise', () => {
    const unset = { ...trigger, handshake: null };
    expect([isVerifyToken(unset, 'the token'), isVerifyToken(unset, 'a token')]).toEqual([true, false]);
    expect(isVerifyToken({ ...unset, tokenHashes: [] }, '')).toBe(false);
    for (const auth of [{ type: 'none' }, { type: 'hmac', preset: 'meta' }] as const) {
      expect(isVerifyToken({ ...unset, auth }, 'anything')).toBe(true);
    }
  });

  it('asks in its own form only', () => {
    expect(ask({ 'hub.mode': 'unsubscribe' })).toBeNull();
    expect(ask({ 'hub.challenge': '' })).toBeNull();
    expect(ask({ 'hub.challenge': ['1', '2'] })).toBeNull();
  });
});

describe('GW-12: Microsoft Graph', () => {
  it('gets its validation token back, which comes by POST with nothing else', () => {
    const token = 'Validation: Testing client application reachability <b>';
    const nothing = Buffer.alloc(0);
    expect(microsoftToken('POST', { validationToken: token }, nothing)).toBe(token);
    expect(microsoftToken('POST', { validationToken: token }, Buffer.from('{}'))).toBeNull();
    expect(microsoftToken('GET', { validationToken: token }, nothing)).toBeNull();
    expect(microsoftToken('POST', { validationToken: ['a', 'b'] }, nothing)).toBeNull();
    expect(microsoftToken('POST', { validationToken: 'x'.repeat(4_097) }, nothing)).toBeNull();
    expect(microsoftToken('POST', {}, nothing)).toBeNull();
  });
});

describe('GW-12: CloudEvents', () => {
  it.each<[Record<string, string>, number | null, Record<string, string> | null]>([
    [
      { 'webhook-request-origin': 'shop.example' },
      null,
      { 'webhook-allowed-origin': 'shop.example', 'webhook-allowed-rate': '*' },
    ],
    [
      { 'webhook-request-origin': 'shop.example', 'webhook-request-rate': '120' },
      null,
      { 'webhook-allowed-origin': 'shop.example', 'webhook-allowed-rate': '120' },
    ],
    [
      { 'webhook-request-origin': 'shop.example', 'webhook-request-rate': '120' },
      60,
      { 'webhook-allowed-origin': 'shop.example', 'webhook-allowed-rate': '60' },
    ],
    [
      { 'webhook-request-origin': '*', 'webhook-request-rate': '0; x' },
      5,
      { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '5' },
    ],
    [{ origin: 'shop.example' }, null, null],
    [{ 'webhook-request-origin': '' }, null, null],
    [{ 'webhook-request-origin': 'a b' }, null, null],
    [{ 'webhook-request-origin': 'x'.repeat(256) }, null, null],
  ])('%j with %s a minute', (headers, perMinute, expected) => {
    expect(webhookPermission(headers, perMinute)).toEqual(expected);
  });
});
