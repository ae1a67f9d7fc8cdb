import { createHmac } from 'node:crypto';
import { sign } from '@octokit/webhooks-methods';
import type { HmacAuth, HmacPreset } from '@sluice/contracts';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { verifierOf, type Denial } from '@sluice/trigger-credentials';
import { shopifyHeaders, slackHeaders } from './signatures.fixture.ts';

const NOW_MS = 1_800_000_000_000;
const NOW_S = NOW_MS / 1000;
const SECRET = 'a secret of the vendor';
const WHSEC = `whsec_${Buffer.from('twenty-four bytes of key').toString('base64')}`;
const BODY = '{"zen":"Zoë \\u00e9","n":1.0,\r\n "big": 12345678901234567890}';

const noKeySet = () => () => Promise.reject(new Error('no key set is asked for'));

function denial(auth: HmacAuth, secrets: string[], headers: Record<string, string>, body: string | Buffer = BODY) {
  const verify = verifierOf(auth, secrets, noKeySet, () => NOW_MS);
  return verify(headers, Buffer.from(body)) as Denial | null;
}

const preset = (name: HmacPreset): HmacAuth => ({ type: 'hmac', preset: name });
const stripe = (secret: string, timestamp = NOW_S, payload = BODY) => ({
  'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }),
});
const standard = (secret: string, family = 'webhook', atMs = NOW_MS) => {
  const webhook = family === 'svix' ? new SvixWebhook(secret) : new StandardWebhook(secret);
  return {
    [`${family}-id`]: 'msg_1',
    [`${family}-timestamp`]: String(Math.floor(atMs / 1000)),
    [`${family}-signature`]: webhook.sign('msg_1', new Date(atMs), BODY),
  };
};

/** Each preset with a secret of its kind and a request that its vendor's library, or its documentation, signed. */
const VENDORS: [string, HmacPreset, string, (secret: string) => Promise<Record<string, string>>][] = [
  [
    'github (@octokit/webhooks-methods)',
    'github',
    SECRET,
    async (s) => ({ 'x-hub-signature-256': await sign(s, BODY) }),
  ],
  ['meta', 'meta', SECRET, async (s) => ({ 'x-hub-signature-256': await sign(s, BODY) })],
  ['stripe (stripe)', 'stripe', 'whsec_stripe keeps the prefix', async (s) => stripe(s)],
  ['shopify (its documentation)', 'shopify', SECRET, async (s) => shopifyHeaders(s, BODY)],
  ['slack (its documentation)', 'slack', SECRET, async (s) => slackHeaders(s, BODY, NOW_MS)],
  ['standard (standardwebhooks)', 'standard', WHSEC, async (s) => standard(s)],
  ['standard (svix)', 'standard', WHSEC, async (s) => standard(s, 'svix')],
];
const OTHER = { [WHSEC]: `whsec_${Buffer.from('another twenty-four byte').toString('base64')}` };
const otherOf = (secret: string): string => OTHER[secret] ?? 'another secret';

describe('GW-02: presets take what their vendors sign', () => {
  it.each(VENDORS)('%s', async (_, name, secret, signed) => {
    const headers = await signed(secret);
    expect(denial(preset(name), [secret], headers)).toBeNull();
    // A rotation: either of two live secrets, in either place.
    expect(denial(preset(name), [otherOf(secret), secret], headers)).toBeNull();
    expect(denial(preset(name), [secret, otherOf(secret)], headers)).toBeNull();
  });

  it.each(VENDORS)('%s: and nothing else', async (_, name, secret, signed) => {
    const headers = await signed(secret);
    const auth = preset(name);
    expect(denial(auth, [otherOf(secret)], headers)).toBe('wrong');
    expect(denial(auth, [], headers)).toBe('wrong');
    expect(denial(auth, [secret], headers, `${BODY} `)).toBe('wrong');
    expect(denial(auth, [secret], headers, BODY.replace('\r\n', '\n'))).toBe('wrong');
    expect(denial(auth, [secret], {})).toBe('missing');
    const [signatureHeader, signature] = Object.entries(headers).find(([header]) => /signature|hmac/.test(header)) as [
      string,
      string,
    ];
    const passing = bentSignatures(signature).filter(
      (bent) => denial(auth, [secret], { ...headers, [signatureHeader]: bent }) === null,
    );
    expect(passing).toEqual([]);
    for (const header of Object.keys(headers)) {
      const { [header]: dropped, ...rest } = headers;
      expect(dropped).toBeDefined();
      expect(denial(auth, [secret], rest)).not.toBeNull();
    }
  });

  it.each<[string, HmacPreset, (atMs: number) => Record<string, string>, string]>([
    ['stripe', 'stripe', (atMs) => stripe(SECRET, atMs / 1000), SECRET],
    ['slack', 'slack', (atMs) => slackHeaders(SECRET, BODY, atMs), SECRET],
    ['standard', 'standard', (atMs) => standard(WHSEC, 'webhook', atMs), WHSEC],
    ['svix', 'standard', (atMs) => standard(WHSEC, 'svix', atMs), WHSEC],
  ])(
    '%s: a replay outside the tolerance of five minutes is refused, whichever way the clock is off',
    (_, name, at, secret) => {
      const after = (seconds: number) => denial(preset(name), [secret], at(NOW_MS + seconds * 1000));
      expect([after(-300), after(300)]).toEqual([null, null]);
      expect([after(-301), after(301), after(-86_400)]).toEqual(Array(3).fill('outside-tolerance'));
      const wide: HmacAuth = { type: 'hmac', preset: name, toleranceSeconds: 3600 };
      expect(denial(wide, [secret], at(NOW_MS - 3_600_000))).toBeNull();
      expect(denial(wide, [secret], at(NOW_MS - 3_601_000))).toBe('outside-tolerance');
    },
  );

  it('stripe: a header with several signatures and versions is right when one v1 is', () => {
    const [time, right] = stripe(SECRET)['stripe-signature'].split(',') as [string, string];
    const of = (header: string) => denial(preset('stripe'), [SECRET], { 'stripe-signature': header });
    expect(of(`${time},v0=abc,v1=${'0'.repeat(64)},${right}`)).toBeNull();
    expect(of(`${time},${right.replace('v1=', 'v0=')}`)).toBe('malformed');
    expect(of(right)).toBe('malformed');
    // A second timestamp is not the one that was signed.
    expect(of(`t=${NOW_S + 1},${time},${right}`)).toBe('wrong');
    expect(of(`${time}${',v1=00'.repeat(20)},${right}`)).toBe('wrong');
  });

  it('standard: several signatures, of which one of version 1 is right; an asymmetric one alone is not ours', () => {
    const headers = standard(WHSEC);
    const right = headers['webhook-signature'] as string;
    const of = (signature: string) =>
      denial(preset('standard'), [WHSEC], { ...headers, 'webhook-signature': signature });
    expect(of(`v1,${Buffer.alloc(32).toString('base64')} v2,x ${right}`)).toBeNull();
    expect(of(right.replace('v1,', 'v1a,'))).toBe('malformed');
    expect(of(right.replace(/=$/, ''))).toBe('wrong');
  });

  it('multipart and binary bodies are verified as the bytes they are', async () => {
    const multipart = Buffer.concat([
      Buffer.from('--b\r\ncontent-disposition: form-data; name="f"; filename="x"\r\n\r\n'),
      Buffer.from([0, 255, 254, 13, 10, 195, 40]),
      Buffer.from('\r\n--b--\r\n'),
    ]);
    const headers = {
      'content-type': 'multipart/form-data; boundary=b',
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(multipart).digest('hex')}`,
    };
    expect(denial(preset('github'), [SECRET], headers, multipart)).toBeNull();
    expect(denial(preset('github'), [SECRET], headers, multipart.toString())).toBe('wrong');
  });

  it('a preset that is not known here denies', () => {
    for (const name of ['gitlab', 'constructor', '__proto__']) {
      expect(denial(preset(name as HmacPreset), [SECRET], slackHeaders(SECRET, BODY, NOW_MS))).toBe('unknown-kind');
    }
  });
});

/** The signature with one character changed, at every place; truncated, doubled, joined as HTTP joins, not ASCII. */
function bentSignatures(signature: string): string[] {
  const changed = [...signature].map((char, at) => {
    const other = char === '0' ? '1' : '0';
    return signature.slice(0, at) + other + signature.slice(at + 1);
  });
  const start = signature.search(/(?<=[=,])[^=,]{20,}$|^[^=,]{20,}=?$/);
  return [
    ...changed.slice(Math.max(start, 0)),
    signature.slice(0, -1),
    signature.slice(0, -2),
    `${signature}0`,
    `${signature}=`,
    `${signature}x, ${signature}x`,
    signature.slice(1),
    `sha1=${signature}`,
    signature.replace(/.$/, 'é'),
    signature.replace(/.$/, '\u0141'),
    '',
  ];
}
