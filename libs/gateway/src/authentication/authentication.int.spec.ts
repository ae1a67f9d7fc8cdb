import { createHmac, generateKeyPairSync } from 'node:crypto';
import { sign } from '@octokit/webhooks-methods';
import { type FlowState, newId, type TriggerAccepted, type TriggerAuth, type TriggerState } from '@sluice/contracts';
import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { exportJWK, SignJWT } from 'jose';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { shopifyHeaders, slackHeaders } from './signatures.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let flow: FlowState;
let keyServer: RecordingReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  keyServer = await recordingReceiver();
  const change = { trustedProxies: ['127.0.0.0/8'], outboundAllow: ['127.0.0.0/8'] };
  const settings = testSettings(database.url, change);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  flow = await neighbours.flow();
});
afterAll(async () => {
  await running?.close();
  await keyServer?.close();
  await database?.drop();
});

const SECRET = 'a secret of a vendor';
const WHSEC = `whsec_${Buffer.from('twenty-four bytes of key').toString('base64')}`;
const BODY = '{"a":  "é"}';

async function triggerOf(
  auth: TriggerAuth,
  secrets: string[] = [],
  change: Partial<TriggerState> = {},
): Promise<TriggerState> {
  const sealed = await Promise.all(secrets.map((secret) => neighbours.secret(secret)));
  const trigger = await neighbours.trigger(flow, { auth, tokens: [], secrets: sealed, ...change });
  await waitFor(() => neighbours.isKnown(trigger.id));
  return trigger;
}

function post(
  trigger: TriggerState,
  headers: Record<string, string>,
  body: string | Uint8Array = BODY,
): Promise<Response> {
  const json = { 'content-type': 'application/json' };
  return fetch(`${running.url}/t/${trigger.id}`, { method: 'POST', headers: { ...json, ...headers }, body });
}

const problem = async (answer: Response) => {
  const { code, detail } = (await answer.json()) as { code: string; detail: string };
  return { status: answer.status, code, detail, challenge: answer.headers.get('www-authenticate') };
};

async function recordedHeaders(answer: Response): Promise<Record<string, string>> {
  const { id } = (await answer.json()) as { id: string };
  return ((await neighbours.event(id)).data as TriggerAccepted).headers;
}

const nowS = () => Math.floor(Date.now() / 1000);

describe('GW-02: signed requests', () => {
  it.each<[string, TriggerAuth, string, () => Promise<Record<string, string>>]>([
    [
      'github',
      { type: 'hmac', preset: 'github' },
      SECRET,
      async () => ({ 'x-hub-signature-256': await sign(SECRET, BODY) }),
    ],
    [
      'stripe',
      { type: 'hmac', preset: 'stripe' },
      SECRET,
      async () => ({
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: BODY, secret: SECRET }),
      }),
    ],
    ['shopify', { type: 'hmac', preset: 'shopify' }, SECRET, async () => shopifyHeaders(SECRET, BODY)],
    ['slack', { type: 'hmac', preset: 'slack' }, SECRET, async () => slackHeaders(SECRET, BODY)],
    [
      'standard',
      { type: 'hmac', preset: 'standard' },
      WHSEC,
      async () => ({
        'webhook-id': newId(),
        'webhook-timestamp': String(nowS()),
        'webhook-signature': '',
      }),
    ],
  ])(
    '%s: accepted when signed; a stranger is 401 with a challenge, and the signature is not recorded',
    async (name, auth, secret, signed) => {
      const trigger = await triggerOf(auth, [secret]);
      const headers = await signed();
      if (headers['webhook-signature'] === '') {
        const at = new Date(Number(headers['webhook-timestamp']) * 1000);
        headers['webhook-signature'] = new Webhook(secret).sign(headers['webhook-id'] as string, at, BODY);
      }
      const wrong = await problem(await post(trigger, headers, `${BODY} `));
      expect([wrong.status, wrong.code]).toEqual([401, 'unauthorized']);
      expect(wrong.challenge).toContain('Signature');
      expect((await problem(await post(trigger, {}))).detail).toContain('missing');
      const right = await post(trigger, headers);
      expect([name, right.status]).toEqual([name, 202]);
      const recorded = JSON.stringify(await recordedHeaders(right));
      for (const value of Object.values(headers).filter((each) => each.length > 40))
        expect(recorded).not.toContain(value);
    },
  );

  it('multipart is verified on its raw bytes', async () => {
    const trigger = await triggerOf({ type: 'hmac', preset: 'github' }, [SECRET]);
    const body = Buffer.concat([
      Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="x.bin"\r\n\r\n'),
      Buffer.from([0, 255, 254, 195, 40]),
      Buffer.from('\r\n--b--\r\n'),
    ]);
    const signature = createHmac('sha256', SECRET).update(body).digest('hex');
    const headers = { 'content-type': 'multipart/form-data; boundary=b', 'x-hub-signature-256': `sha256=${signature}` };
    expect((await post(trigger, headers, new Uint8Array(body))).status).toBe(202);
    expect((await post(trigger, headers, new Uint8Array([...body, 0]))).status).toBe(401);
  });

  it('LT-10: either of two live secrets is right, and a revoked one no longer', async () => {
    const auth: TriggerAuth = { type: 'hmac', preset: 'github' };
    const trigger = await triggerOf(auth, ['first', 'second']);
    const signedBy = async (secret: string) => ({ 'x-hub-signature-256': await sign(secret, BODY) });
    expect((await post(trigger, await signedBy('first'))).status).toBe(202);
    expect((await post(trigger, await signedBy('second'))).status).toBe(202);
    const left = { ...trigger, secrets: trigger.secrets?.slice(1) ?? [] };
    await neighbours.append(trigger.id, 'TriggerSecretRevoked', { trigger: left });
    await waitFor(async () => (await post(trigger, await signedBy('first'))).status === 401);
    expect((await post(trigger, await signedBy('second'))).status).toBe(202);
  });

  it('a secret that cannot be opened is 503 rather than 401, unless another one is right', async () => {
    const gone = { id: newId(), value: { id: newId(), version: 1 }, createdAt: '2026-01-01T00:00:00.000Z' };
    const live = await neighbours.secret(SECRET);
    const auth: TriggerAuth = { type: 'hmac', preset: 'github' };
    const trigger = await triggerOf(auth, [], { secrets: [gone, live] });
    const answer = await post(trigger, { 'x-hub-signature-256': await sign('another', BODY) });
    expect(answer.headers.get('retry-after')).not.toBeNull();
    expect(await problem(answer)).toMatchObject({ status: 503, code: 'secret_unreadable' });
    expect((await post(trigger, { 'x-hub-signature-256': await sign(SECRET, BODY) })).status).toBe(202);
  });

  it('an unknown kind of authentication and a trigger without secrets let nobody in', async () => {
    const unknown = await triggerOf({ type: 'saml' } as unknown as TriggerAuth);
    expect((await post(unknown, {})).status).toBe(401);
    const without = await triggerOf({ type: 'hmac', preset: 'github' });
    expect((await post(without, { 'x-hub-signature-256': await sign('', BODY).catch(() => 'sha256=') })).status).toBe(
      401,
    );
  });
});

describe('GW-02: basic', () => {
  it('takes user and password, asks for them otherwise, and records neither', async () => {
    const trigger = await triggerOf({ type: 'basic', user: 'Zoë' }, ['pass:word']);
    const authorization = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const right = await post(trigger, authorization('Zoë:pass:word'));
    expect(right.status).toBe(202);
    expect(await recordedHeaders(right)).not.toHaveProperty('authorization');
    const wrong = await problem(await post(trigger, authorization('Zoë:password')));
    expect(wrong).toMatchObject({ status: 401, challenge: 'Basic realm="sluice", charset="UTF-8"' });
  });
});

describe('GW-02: JWT', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const token = (claims: Record<string, unknown> = {}, kid = 'one') =>
    new SignJWT({ aud: 'sluice', exp: nowS() + 60, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(rsa.privateKey);
  const bearer = async (signed: Promise<string>) => ({ authorization: `Bearer ${await signed}` });

  it('is verified with keys that are fetched once, through the outbound guard', async () => {
    const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'one', use: 'sig' };
    keyServer.respond({ status: 200, body: JSON.stringify({ keys: [jwk] }) });
    const auth: TriggerAuth = {
      type: 'jwt',
      algorithms: ['RS256'],
      jwksUrl: `${keyServer.url}/keys`,
      audience: ['sluice'],
      leewaySeconds: 30,
    };
    const trigger = await triggerOf(auth);
    const answers = await Promise.all(Array.from({ length: 5 }, async () => post(trigger, await bearer(token()))));
    expect(answers.map((answer) => answer.status)).toEqual(Array(5).fill(202));
    expect(keyServer.requests.filter((request) => request.path === '/keys')).toHaveLength(1);
    const expired = await problem(await post(trigger, await bearer(token({ exp: nowS() - 60 }))));
    expect(expired).toMatchObject({
      status: 401,
      detail: 'The token has expired.',
      challenge: 'Bearer realm="sluice"',
    });
    expect((await problem(await post(trigger, await bearer(token({ aud: 'x' }))))).detail).toContain('audience');
    expect((await post(trigger, { authorization: 'Bearer e30.e30.e30' })).status).toBe(401);
  });

  it('whose keys cannot be had is 503: the guard refuses the address, or the server fails', async () => {
    keyServer.respond({ status: 500 });
    const auth = { type: 'jwt' as const, algorithms: ['RS256' as const], leewaySeconds: 30 };
    for (const jwksUrl of ['http://169.254.169.254/keys', `${keyServer.url}/broken`]) {
      const trigger = await triggerOf({ ...auth, jwksUrl });
      const answer = await post(trigger, await bearer(token()));
      expect(await problem(answer)).toMatchObject({ status: 503, code: 'keys_unavailable' });
    }
  });
});

describe('GW-02: allowed addresses', () => {
  it('let in only those that a trusted proxy says are on the list, before any credential is looked at', async () => {
    const allowedIps = ['198.51.100.0/24', '2001:db8::/32'];
    const trigger = await triggerOf({ type: 'none' }, [], { allowedIps });
    const from = async (address: string) => (await post(trigger, { 'x-forwarded-for': address })).status;
    expect([await from('198.51.100.9'), await from('2001:db8::9'), await from('203.0.113.1, 198.51.100.9')]).toEqual([
      202, 202, 202,
    ]);
    expect([await from('203.0.113.1'), await from('198.51.100.9, 203.0.113.1'), await from('')]).toEqual([
      403, 403, 403,
    ]);
    const refused = await problem(await post(trigger, { 'x-forwarded-for': '203.0.113.1' }));
    expect(refused).toMatchObject({ code: 'address_not_allowed' });
  });
});
