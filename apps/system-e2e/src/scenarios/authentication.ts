import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const SECRET = 'a secret of more than thirty-two bytes';
const WHSEC = `whsec_${Buffer.from('twenty-four bytes of key').toString('base64')}`;
const BODY = '{"order":  "é"}';

const hmac = (content: string, encoding: 'hex' | 'base64' = 'hex', algorithm = 'sha256', secret = SECRET) =>
  createHmac(algorithm, secret).update(content).digest(encoding);
const nowS = () => Math.floor(Date.now() / 1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

type Headers = Record<string, string>;
/** A kind of authentication, headers that prove a request, and headers that do not. */
type Kind = [name: string, auth: unknown, right: () => Headers, wrong: () => Headers];

function slack(atS: number): Headers {
  return { 'x-slack-request-timestamp': String(atS), 'x-slack-signature': `v0=${hmac(`v0:${atS}:${BODY}`)}` };
}
function stripe(atS: number): Headers {
  return { 'stripe-signature': `t=${atS},v1=${hmac(`${atS}.${BODY}`)}` };
}
function standard(family: string, id: string): Headers {
  const atS = nowS();
  const signature = new Webhook(WHSEC).sign(id, new Date(atS * 1000), BODY);
  return { [`${family}-id`]: id, [`${family}-timestamp`]: String(atS), [`${family}-signature`]: signature };
}
function basic(text: string): Headers {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}
function hs256(secret: string, claims: Record<string, unknown>): Headers {
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`;
  return { authorization: `Bearer ${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}` };
}

const CUSTOM = {
  type: 'hmac',
  header: 'X-Sig',
  algorithm: 'sha512',
  encoding: 'base64',
  prefix: 'v1=',
  timestampHeader: 'X-Ts',
  toleranceSeconds: 60,
  secret: SECRET,
};
const custom = (atS: number): Headers => ({
  'x-ts': String(atS),
  'x-sig': `v1=${hmac(`${atS}.${BODY}`, 'base64', 'sha512')}`,
});

const KINDS: Kind[] = [
  ['none', { type: 'none' }, () => ({}), () => ({ 'x-forwarded-proto': 'https' })],
  ['basic', { type: 'basic', user: 'Zoë', password: 'p:w' }, () => basic('Zoë:p:w'), () => basic('Zoë:p')],
  [
    'github',
    { type: 'hmac', preset: 'github', secret: SECRET },
    () => ({ 'x-hub-signature-256': `sha256=${hmac(BODY)}` }),
    () => ({ 'x-hub-signature-256': `sha256=${hmac(`${BODY} `)}` }),
  ],
  [
    'shopify',
    { type: 'hmac', preset: 'shopify', secret: SECRET },
    () => ({ 'x-shopify-hmac-sha256': hmac(BODY, 'base64') }),
    () => ({ 'x-shopify-hmac-sha256': hmac(BODY) }),
  ],
  ['slack', { type: 'hmac', preset: 'slack', secret: SECRET }, () => slack(nowS()), () => slack(nowS() - 3600)],
  ['stripe', { type: 'hmac', preset: 'stripe', secret: SECRET }, () => stripe(nowS()), () => stripe(nowS() - 3600)],
  [
    'standard',
    { type: 'hmac', preset: 'standard', secret: WHSEC },
    () => standard('webhook', 'msg_1'),
    () => ({ ...standard('webhook', 'msg_2'), 'webhook-id': 'msg_3' }),
  ],
  [
    'svix',
    { type: 'hmac', preset: 'standard', secret: WHSEC },
    () => standard('svix', 'msg_4'),
    () => ({ ...standard('svix', 'msg_5'), 'svix-signature': 'v1,' }),
  ],
  ['described by the trigger', CUSTOM, () => custom(nowS()), () => custom(nowS() + 3600)],
  [
    'jwt with a shared secret',
    { type: 'jwt', algorithms: ['HS256'], secret: SECRET, audience: 'orders' },
    () => hs256(SECRET, { aud: 'orders', exp: nowS() + 60 }),
    () => hs256(SECRET, { aud: 'orders', exp: nowS() - 3600 }),
  ],
];

/** GW-02 and GW-12 as a caller sees them. */
export const authentication: Scenarios = (use) => {
  describe('who may start a trigger', () => {
    let api: Api;
    let flowId: string;
    let keyServer: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'authentication');
      flowId = (await api.flow([{ ref: 'request', type: 'webhook' }])).id;
      keyServer = await recordingReceiver();
    });
    afterAll(() => keyServer?.close());

    const send = (trigger: { id: string }, headers: Headers, body = BODY): Promise<Answer> =>
      api.call('POST', `/t/${trigger.id}`, body, { authorization: '', 'content-type': 'application/json', ...headers });

    it.each(KINDS)('GW-02: %s', async (name, auth, right, wrong) => {
      const trigger = await api.trigger(flowId, { auth });
      expect((await send(trigger, right())).status).toBe(202);
      const refused = await send(trigger, wrong());
      expect([refused.status, refused.body.code]).toEqual(name === 'none' ? [202, undefined] : [401, 'unauthorized']);
      const read = await api.call('GET', `/v1/triggers/${trigger.id}`);
      for (const secret of [SECRET, WHSEC, 'p:w']) expect(read.text).not.toContain(secret);
    });

    it('GW-02: jwt with keys that are fetched', async () => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256' };
      keyServer.respond({ status: 200, body: JSON.stringify({ keys: [jwk] }) });
      const auth = { type: 'jwt', algorithms: ['RS256'], jwksUrl: `${keyServer.url}/keys`, audience: 'orders' };
      const trigger = await api.trigger(flowId, { auth });
      const bearer = (header: unknown, claims: unknown) => {
        const signed = `${part(header)}.${part(claims)}`;
        const signature = sign('RSA-SHA256', Buffer.from(signed), privateKey).toString('base64url');
        return { authorization: `Bearer ${signed}.${signature}` };
      };
      const good = { aud: 'orders', exp: nowS() + 600 };
      const started = await send(trigger, bearer({ alg: 'RS256', kid: 'one' }, good));
      expect(started.status).toBe(202);
      const run = `${use().system.url}/v1/runs/${String(started.body.id)}`;
      expect((await fetch(run, { headers: bearer({ alg: 'RS256', kid: 'one' }, good) })).status).toBe(200);
      expect((await fetch(run, { headers: bearer({ alg: 'RS256', kid: 'two' }, good) })).status).toBe(401);
      expect((await send(trigger, bearer({ alg: 'RS256', kid: 'one' }, { ...good, aud: 'x' }))).status).toBe(401);
      expect((await send(trigger, bearer({ alg: 'RS256', kid: 'two' }, good))).status).toBe(401);
      expect((await send(trigger, { authorization: `Bearer ${part({ alg: 'none' })}.${part(good)}.` })).status).toBe(
        401,
      );
    });

    it('GW-02, LT-10: two secrets are live during a rotation, and a revoked one is refused everywhere', async () => {
      const auth = { type: 'hmac', preset: 'github', secret: 'the first' };
      const trigger = await api.trigger(flowId, { auth });
      const { body } = await api.call<{ secrets: { id: string }[] }>('GET', `/v1/triggers/${trigger.id}`);
      const added = await api.must<{ secret: string }>('POST', `/v1/triggers/${trigger.id}/secrets`, {});
      const signedBy = (secret: string) => ({ 'x-hub-signature-256': `sha256=${hmac(BODY, 'hex', 'sha256', secret)}` });
      for (const secret of ['the first', added.secret])
        expect((await send(trigger, signedBy(secret))).status).toBe(202);
      await api.call('DELETE', `/v1/triggers/${trigger.id}/secrets/${body.secrets[0]?.id}`);
      // Every gateway answers one or more of eight.
      const refusals = async () => {
        for (let again = 0; again < 8; again++)
          if ((await send(trigger, signedBy('the first'))).status !== 401) return false;
        return true;
      };
      await waitFor(refusals, 30_000, 'eight refusals in a row');
      expect((await send(trigger, signedBy(added.secret))).status).toBe(202);
    });

    it('GW-02: only from allowed addresses', async () => {
      const nobody = await api.trigger(flowId, {
        auth: { type: 'none' },
        allowedIps: ['192.0.2.0/24', '2001:db8::/32'],
      });
      const refused = await send(nobody, { 'x-forwarded-for': '' });
      expect([refused.status, refused.body.code]).toEqual([403, 'address_not_allowed']);
      const loopback = await api.trigger(flowId, { auth: { type: 'none' }, allowedIps: ['127.0.0.0/8', '::1'] });
      expect((await send(loopback, {})).status).toBe(202);
    });

    it('GW-06: a run is shown to the credential of its trigger in the form that the trigger has it, and to no other', async () => {
      const flow = await api.flow([{ ref: 'request', type: 'webhook' }]);
      const exp = nowS() + 300;
      const jwt = { type: 'jwt', algorithms: ['HS256'], audience: 'sluice', secret: SECRET };
      const forms: [auth: unknown, right: (token: string) => Headers, wrong: Headers][] = [
        [{ type: 'header', name: 'X-Shop-Key' }, (token) => ({ 'x-shop-key': token }), { 'x-shop-key': 'no' }],
        [{ type: 'bearer' }, (token) => ({ authorization: `Bearer ${token}` }), { authorization: 'Bearer no' }],
        [{ type: 'basic', user: 'u', password: 'p' }, () => basic('u:p'), basic('u:q')],
        [jwt, () => hs256(SECRET, { exp, aud: 'sluice' }), hs256('x'.repeat(40), { exp, aud: 'sluice' })],
      ];
      const ids: string[] = [];
      const credentials: Headers[] = [];
      const look = async (id: string, headers: Headers, more = '') =>
        (await fetch(`${use().system.url}/v1/runs/${id}${more}`, { headers })).status;
      for (const [auth, right, wrong] of forms) {
        const made = await api.trigger(flow.id, { auth });
        const credential = right(made.token);
        const { body } = await send(made, credential);
        const id = String(body.id);
        expect([auth, await look(id, credential, '?wait=30s'), await look(id, wrong), await look(id, {})]).toEqual([
          auth,
          200,
          401,
          401,
        ]);
        ids.push(id);
        credentials.push(credential);
      }
      // Of another trigger's run nothing is learned, whether by a token (which names a trigger) or otherwise.
      const others = await Promise.all(ids.map((id, n) => look(id, credentials[(n + 1) % ids.length] as Headers)));
      expect(others.map((status) => status === 401 || status === 404)).toEqual([true, true, true, true]);
      const signed = await api.trigger(flow.id, { auth: { type: 'hmac', preset: 'github', secret: SECRET } });
      const signature = { 'x-hub-signature-256': `sha256=${hmac(BODY)}` };
      const { body } = await send(signed, signature);
      const id = String(body.id);
      expect(await look(id, signature)).toBe(401);
      const overPath = (path: string) => ({ 'x-hub-signature-256': `sha256=${hmac(path)}` });
      expect(await look(id, overPath(`/v1/runs/${id}`), '?wait=30s')).toBe(200);
      expect(await look(id, overPath(`/v1/runs/${ids[0]}`))).toBe(401);
      expect(await look(ids[0] as string, overPath(`/v1/runs/${ids[0]}`))).toBe(401);
    });

    it('GW-12: Slack, Meta, Microsoft Graph and CloudEvents senders are answered without a run', async () => {
      const draft = await api.flow([{ ref: 'request', type: 'webhook' }], { status: 'draft' });
      const auth = { type: 'hmac', preset: 'slack', secret: SECRET };
      const slackTrigger = await api.trigger(draft.id, { auth });
      const question = JSON.stringify({ type: 'url_verification', token: 't', challenge: 'c-1' });
      const at = String(nowS());
      const signed = {
        'x-slack-request-timestamp': at,
        'x-slack-signature': `v0=${hmac(`v0:${at}:${question}`)}`,
      };
      expect((await send(slackTrigger, signed, question)).text).toBe('c-1');
      expect((await send(slackTrigger, {}, question)).status).toBe(401);

      const handshake = { type: 'meta', verifyToken: 'verify me' };
      const meta = await api.trigger(draft.id, { auth: { ...auth, preset: 'meta' }, handshake });
      const ask = (token: string) =>
        api.call('GET', `/t/${meta.id}?hub.mode=subscribe&hub.challenge=42&hub.verify_token=${token}`);
      expect([(await ask('verify+me')).text, (await ask('no')).status]).toEqual(['42', 403]);

      const plain = await api.trigger(draft.id);
      const own = encodeURIComponent(plain.token);
      const byToken = await api.call(
        'GET',
        `/t/${plain.id}?hub.mode=subscribe&hub.challenge=43&hub.verify_token=${own}`,
      );
      expect(byToken.text).toBe('43');

      const graph = await api.trigger(draft.id, { handshake: { type: 'microsoft-graph' } });
      const validated = await api.call('POST', `/t/${graph.id}?validationToken=a%20%3Cb%3E`);
      expect([validated.status, validated.text]).toEqual([200, 'a <b>']);

      const origin = { 'webhook-request-origin': 'shop.example', 'webhook-request-rate': '60' };
      for (const path of [`/t/${slackTrigger.id}`, '/v1/events']) {
        const permitted = await api.call('OPTIONS', path, undefined, origin);
        expect([permitted.status, permitted.headers.get('webhook-allowed-origin')]).toEqual([200, 'shop.example']);
        expect(permitted.headers.get('webhook-allowed-rate')).toBe('60');
      }
    });
  });
};
