import { createHash } from 'node:crypto';
import { type FlowState, newId, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slackHeaders } from '../authentication/signatures.fixture.ts';
import { hashOf, NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let draft: FlowState;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  // Providers ask when a webhook is set up, which is before its flow is published.
  draft = await neighbours.flow({ status: 'draft', publishedVersion: null });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function triggerOf(change: Partial<TriggerState>): Promise<TriggerState> {
  const trigger = await neighbours.trigger(draft, { tokens: [], ...change });
  await waitFor(() => neighbours.isKnown(trigger.id));
  return trigger;
}

async function ask(trigger: TriggerState, init: RequestInit, query = '') {
  const answer = await fetch(`${running.url}/t/${trigger.id}${query}`, init);
  const { status, headers } = answer;
  return { status, type: headers.get('content-type'), headers, text: await answer.text() };
}
const tokenOf = (token: string) => ({ id: newId(), sha256: hashOf(token), createdAt: '2026-01-01T00:00:00.000Z' });
const PLAIN = { status: 200, type: 'text/plain; charset=utf-8' };

describe('GW-12: providers are answered without a run', () => {
  it('Slack url_verification, its signature checked when there is a secret', async () => {
    const body = JSON.stringify({ token: 't', challenge: 'slack-challenge', type: 'url_verification' });
    const question = (headers: Record<string, string> = {}) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    const signed = await triggerOf({
      auth: { type: 'hmac', preset: 'slack' },
      secrets: [await neighbours.secret('slack secret')],
    });
    expect(await ask(signed, question(slackHeaders('slack secret', body)))).toMatchObject({
      ...PLAIN,
      text: 'slack-challenge',
    });
    expect((await ask(signed, question(slackHeaders('another secret', body)))).status).toBe(401);
    expect((await ask(signed, question())).status).toBe(401);
    const open = await triggerOf({ auth: { type: 'none' } });
    expect(await ask(open, question())).toMatchObject({ ...PLAIN, text: 'slack-challenge' });
    const off = await triggerOf({ auth: { type: 'none' }, handshake: { type: 'none' } });
    expect((await ask(off, question())).status).toBe(409);
  });

  it('Meta hub.challenge, for the right verify token, by GET on a trigger for POST', async () => {
    const id = newId();
    const verifyTokenSha256 = createHash('sha256').update(`${id}:verify me`).digest('hex');
    const handshake = { type: 'meta' as const, verifyTokenSha256 };
    const trigger = await triggerOf({ id, auth: { type: 'hmac', preset: 'meta' }, handshake });
    const query = (token: string) =>
      `?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${encodeURIComponent(token)}`;
    expect(await ask(trigger, { method: 'GET' }, query('verify me'))).toMatchObject({ ...PLAIN, text: '1158201444' });
    const wrong = await ask(trigger, { method: 'GET' }, query('verify you'));
    expect([wrong.status, wrong.text.includes('1158201444')]).toEqual([403, false]);
    expect((await ask(trigger, { method: 'GET' })).status).toBe(405);
  });

  it('Meta hub.challenge without a setting, by a token of the trigger; what only looks alike is a request', async () => {
    const query = (token: string) => `?hub.mode=subscribe&hub.challenge=7&hub.verify_token=${token}`;
    const bearer = await triggerOf({
      auth: { type: 'bearer' },
      tokens: [tokenOf('own token')],
      methods: ['POST', 'GET'],
    });
    expect(await ask(bearer, { method: 'GET' }, query('own+token'))).toMatchObject({ ...PLAIN, text: '7' });
    expect((await ask(bearer, { method: 'GET' }, query('another'))).status).toBe(401);
    const authorization = 'Bearer own token';
    expect((await ask(bearer, { method: 'GET', headers: { authorization } }, query('another'))).status).toBe(409);
    const signed = await triggerOf({ auth: { type: 'hmac', preset: 'meta' } });
    expect((await ask(signed, { method: 'GET' }, query('any'))).text).toBe('7');
    const basic = await triggerOf({ auth: { type: 'basic', user: 'u' } });
    expect((await ask(basic, { method: 'GET' }, query('any'))).status).toBe(405);
  });

  it('Microsoft Graph validationToken, decoded, as text that no browser runs', async () => {
    const trigger = await triggerOf({ auth: { type: 'bearer' }, handshake: { type: 'microsoft-graph' } });
    const token = 'Validation: <script>alert(1)</script> é';
    const answer = await ask(trigger, { method: 'POST' }, `?validationToken=${encodeURIComponent(token)}`);
    expect(answer).toMatchObject({ ...PLAIN, text: token });
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await ask(trigger, { method: 'POST', body: '{}' }, '?validationToken=x')).status).toBe(401);
    const bearer = await triggerOf({ auth: { type: 'bearer' } });
    expect((await ask(bearer, { method: 'POST' }, '?validationToken=x')).status).toBe(401);
  });

  it('CloudEvents OPTIONS, within the rate that the trigger takes', async () => {
    const rateLimit = { requests: 10, windowSeconds: 20 };
    const trigger = await triggerOf({ auth: { type: 'bearer' }, rateLimit });
    const headers = { 'webhook-request-origin': 'shop.example', 'webhook-request-rate': '120' };
    const answer = await ask(trigger, { method: 'OPTIONS', headers });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      allow: 'POST, OPTIONS',
      'webhook-allowed-origin': 'shop.example',
      'webhook-allowed-rate': '30',
    });
    expect((await ask(trigger, { method: 'OPTIONS' })).status).toBe(405);
    const off = await triggerOf({ auth: { type: 'bearer' }, handshake: { type: 'none' } });
    expect((await ask(off, { method: 'OPTIONS', headers })).status).toBe(405);
  });

  it('and none of it is stored', async () => expect(await neighbours.accepted()).toEqual([]));
});
