import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { TriggerAuth, TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';
import { slackHeaders } from './signatures.fixture.ts';

const SECRET = 'a shared secret of more than thirty-two bytes';
const BODY = '{"a":1}';
const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function triggerOf(auth: TriggerAuth, secrets: string[] = []): Promise<TriggerState> {
  const sealed = await Promise.all(secrets.map((secret) => neighbours.secret(secret)));
  const trigger = await neighbours.trigger(await neighbours.flow(), { auth, tokens: [], secrets: sealed });
  await waitFor(() => neighbours.isKnown(trigger.id));
  return trigger;
}

async function statusOf(trigger: TriggerState, headers: Record<string, string>): Promise<number> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: BODY };
  return (await fetch(`${running.url}/t/${trigger.id}`, init)).status;
}

interface Outcome {
  refused: number[];
  stored: number;
  good: number;
}

/** What became of forged requests, and of a good one after them: nothing else was wrong. */
async function outcomeOf(
  trigger: TriggerState,
  forged: readonly Record<string, string>[],
  good: Record<string, string>,
): Promise<Outcome> {
  const before = (await neighbours.accepted()).length;
  const refused: number[] = [];
  for (const headers of forged) refused.push(await statusOf(trigger, headers));
  const stored = (await neighbours.accepted()).length - before;
  return { refused, stored, good: await statusOf(trigger, good) };
}
const allRefused = (count: number): Outcome => ({
  refused: Array.from({ length: count }, () => 401),
  stored: 0,
  good: 202,
});

const hmac = (text: string): string => createHmac('sha256', SECRET).update(text).digest('hex');

describe('GW-02: signatures that were right once', () => {
  it.each<[string, TriggerAuth, (atMs: number) => Record<string, string>]>([
    ['slack', { type: 'hmac', preset: 'slack' }, (atMs) => slackHeaders(SECRET, BODY, atMs)],
    [
      'stripe',
      { type: 'hmac', preset: 'stripe' },
      (atMs) => {
        const at = Math.floor(atMs / 1000);
        return { 'stripe-signature': `t=${at},v1=${hmac(`${at}.${BODY}`)}` };
      },
    ],
    [
      'a scheme of one’s own',
      {
        type: 'hmac',
        header: 'x-sig',
        algorithm: 'sha256',
        encoding: 'hex',
        prefix: '',
        signedContent: '{timestamp}.{body}',
        secretEncoding: 'text',
        timestampHeader: 'x-at',
        toleranceSeconds: 300,
      },
      (atMs) => {
        const at = String(Math.floor(atMs / 1000));
        return { 'x-at': at, 'x-sig': hmac(`${at}.${BODY}`) };
      },
    ],
  ])('%s: a replay outside the tolerance, or with a newer time, is 401', async (_, auth, signed) => {
    const trigger = await triggerOf(auth, [SECRET]);
    const now = Date.now();
    const old = signed(now - 3_600_000);
    // The signature of then with the time of now: the time is signed as well.
    const fresh = signed(now);
    const spliced = Object.fromEntries(
      Object.entries(old).map(([name, value]) =>
        name === 'stripe-signature' ? [name, value.replace(/^t=\d+/, `t=${Math.floor(now / 1000)}`)] : [name, value],
      ),
    );
    for (const name of ['x-slack-request-timestamp', 'x-at']) if (fresh[name]) spliced[name] = fresh[name];
    const outcome = await outcomeOf(trigger, [old, signed(now + 3_600_000), spliced], fresh);
    expect(outcome).toEqual(allRefused(3));
  });
});

describe('GW-02: forged JWTs', () => {
  const claims = { sub: 'x', aud: 'sluice.example' };
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const signed = (alg: string, key: KeyObject | Uint8Array, kid?: string): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
      .setExpirationTime('5m')
      .sign(key);

  it('with "none", a swapped algorithm, an unknown key or a key that they bring themselves are 401', async () => {
    const jwk = { ...(await exportJWK(own.publicKey)), kid: 'known', alg: 'RS256' };
    const auth = {
      type: 'jwt' as const,
      algorithms: ['RS256' as const],
      audience: ['sluice.example'],
      leewaySeconds: 30,
    };
    const trigger = await triggerOf({ ...auth, key: { keys: [jwk] } });
    const pem = own.publicKey.export({ type: 'spki', format: 'pem' });
    const brought = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(foreign.publicKey), kid: 'known' })
      .setExpirationTime('5m')
      .sign(foreign.privateKey);
    const tokens = [
      new UnsecuredJWT(claims).setExpirationTime('5m').encode(),
      await signed('HS256', Buffer.from(pem)),
      await signed('PS256', own.privateKey, 'known'),
      await signed('RS256', foreign.privateKey, 'unknown'),
      await signed('RS256', foreign.privateKey, 'known'),
      brought,
    ];
    const good = bearer(await signed('RS256', own.privateKey, 'known'));
    expect(await outcomeOf(trigger, tokens.map(bearer), good)).toEqual(allRefused(tokens.length));
  });

  it('of a shared secret hold for the pinned algorithm only', async () => {
    const auth = {
      type: 'jwt' as const,
      algorithms: ['HS256' as const],
      audience: ['sluice.example'],
      leewaySeconds: 30,
    };
    const trigger = await triggerOf(auth, [SECRET]);
    const key = Buffer.from(SECRET);
    const wrong = [
      await signed('HS512', Buffer.concat([key, key])),
      await signed('HS256', Buffer.from('x'.repeat(40))),
      await signed('RS256', own.privateKey),
    ];
    const good = bearer(await signed('HS256', key));
    expect(await outcomeOf(trigger, wrong.map(bearer), good)).toEqual(allRefused(wrong.length));
  });
});
