import { createHmac } from 'node:crypto';
import type { CustomHmacAuth, TriggerAuth } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { verifierOf } from './credential-verifier.ts';
import { contentPartsOf } from './signed-content.rules.ts';

const NOW_MS = 1_800_000_000_123;
const noKeySet = () => () => Promise.reject(new Error('no key set is asked for'));

function denial(auth: TriggerAuth, secrets: string[], headers: Record<string, string>, body: string | Buffer = 'body') {
  return verifierOf(auth, secrets, noKeySet, () => NOW_MS)(headers, Buffer.from(body));
}

const custom = (change: Partial<CustomHmacAuth> = {}): CustomHmacAuth => ({
  type: 'hmac',
  header: 'X-Sig',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: '',
  signedContent: '{body}',
  secretEncoding: 'text',
  ...change,
});

describe('GW-02: signatures as a trigger describes them', () => {
  const ALL = (['sha1', 'sha256', 'sha512'] as const).flatMap((algorithm) =>
    (['hex', 'base64'] as const).flatMap((encoding) =>
      ['', `${algorithm}=`].map((prefix) => ({ algorithm, encoding, prefix })),
    ),
  );

  it.each(ALL)('$algorithm in $encoding after "$prefix"', ({ algorithm, encoding, prefix }) => {
    const auth = custom({ algorithm, encoding, prefix });
    const body = Buffer.from([0, 1, 128, 255, 10]);
    const right = createHmac(algorithm, 'secret key').update(body).digest(encoding);
    const of = (signature: string) => denial(auth, ['secret key'], { 'x-sig': signature }, body);
    expect(of(prefix + right)).toBeNull();
    expect(of(`${prefix}${right}A`)).toBe('wrong');
    expect(of(prefix + right.slice(0, -1))).toBe('wrong');
    expect(of(`md5=${right}`)).toBe(prefix === '' ? 'wrong' : 'malformed');
    expect(of(right)).toBe(prefix === '' ? null : 'malformed');
    const other = algorithm === 'sha1' ? 'sha256' : 'sha1';
    expect(of(prefix + createHmac(other, 'secret key').update(body).digest(encoding))).toBe('wrong');
  });

  it('hex may be in capitals, base64 has one spelling only', () => {
    const digest = createHmac('sha256', 'k').update('body');
    const bytes = digest.digest();
    expect(denial(custom(), ['k'], { 'x-sig': bytes.toString('hex').toUpperCase() })).toBeNull();
    const base64 = custom({ encoding: 'base64' });
    expect(denial(base64, ['k'], { 'x-sig': bytes.toString('base64') })).toBeNull();
    for (const spelt of [
      bytes.toString('base64url'),
      `${bytes.toString('base64')}\n`,
      ` ${bytes.toString('base64')}`,
    ]) {
      expect(denial(base64, ['k'], { 'x-sig': spelt })).toBe('wrong');
    }
  });

  it('signs timestamp and id as their headers carry them, seconds or milliseconds, byte for byte', () => {
    const auth = custom({
      timestampHeader: 'X-Ts',
      idHeader: 'X-Id',
      toleranceSeconds: 60,
      signedContent: 'é{id}|{timestamp}|{body}!',
    });
    const of = (timestamp: string, id = 'id-\xe9') => {
      const content = Buffer.concat([
        Buffer.from('é'),
        Buffer.from(`${id}|${timestamp}|`, 'latin1'),
        Buffer.from('body!'),
      ]);
      const signature = createHmac('sha256', 'k').update(content).digest('hex');
      return denial(auth, ['k'], { 'x-sig': signature, 'x-ts': timestamp, 'x-id': id });
    };
    expect([of('1800000000'), of('1800000060'), of('1799999941'), of('1800000000123')]).toEqual(Array(4).fill(null));
    expect([of('1800000061'), of('1799999939'), of('1800000061000'), of('0')]).toEqual(
      Array(4).fill('outside-tolerance'),
    );
    for (const odd of [
      '',
      ' 1800000000',
      '1800000000.0',
      '+1800000000',
      '1e9',
      '0x6b49d200',
      '9'.repeat(15),
      'NaN',
      '-1',
    ]) {
      expect([odd, of(odd)]).toEqual([odd, 'malformed']);
    }
    expect(denial(auth, ['k'], { 'x-sig': 'a'.repeat(64), 'x-ts': '1800000000' })).toBe('malformed');
  });

  it('reads keys in the encoding that they are given in, and none that is empty', () => {
    const key = Buffer.from([0, 255, 1, 254, 2]);
    const headers = { 'x-sig': createHmac('sha256', key).update('body').digest('hex') };
    expect(denial(custom({ secretEncoding: 'hex' }), [key.toString('hex')], headers)).toBeNull();
    expect(denial(custom({ secretEncoding: 'base64' }), [key.toString('base64')], headers)).toBeNull();
    expect(denial(custom(), [key.toString('hex')], headers)).toBe('wrong');
    const empty = { 'x-sig': createHmac('sha256', '').update('body').digest('hex') };
    expect(denial(custom(), [''], empty)).toBe('wrong');
    expect(denial(custom({ secretEncoding: 'hex' }), ['zz'], empty)).toBe('wrong');
    expect(denial({ type: 'hmac', preset: 'standard' }, ['whsec_'], empty)).toBe('missing');
  });

  it('takes templates apart, unknown placeholders as text', () => {
    expect(contentPartsOf('v0:{timestamp}:{body}')).toEqual([
      Buffer.from('v0:'),
      'timestamp',
      Buffer.from(':'),
      'body',
    ]);
    expect(contentPartsOf('{body}')).toEqual(['body']);
    expect(contentPartsOf('{nobody}{id}')).toEqual([Buffer.from('{nobody}'), 'id']);
  });
});

describe('GW-02: basic authentication', () => {
  const basic: TriggerAuth = { type: 'basic', user: 'Zoë' };
  const of = (authorization: string | undefined, secrets = ['p:w', 'neu']) =>
    denial(basic, secrets, authorization === undefined ? {} : { authorization });
  const encoded = (text: string | Buffer) => `Basic ${Buffer.from(text).toString('base64')}`;

  it('takes either live password, in UTF-8, with colons in it', () => {
    expect([of(encoded('Zoë:p:w')), of(encoded('Zoë:neu')), of(encoded('Zoë:neu').replace('Basic', 'bASIC'))]).toEqual(
      Array(3).fill(null),
    );
  });

  it.each([
    ['a wrong password', encoded('Zoë:p'), 'wrong'],
    ['a wrong user', encoded('Zoe:p:w'), 'wrong'],
    ['latin1', encoded(Buffer.from('Zoë:p:w', 'latin1')), 'wrong'],
    ['no colon', encoded('Zoë'), 'wrong'],
    ['nothing', 'Basic ', 'wrong'],
    ['another scheme', 'Bearer abc', 'malformed'],
    ['a megabyte', encoded('x'.repeat(1_048_576)), 'malformed'],
    ['no header', undefined, 'missing'],
  ])('refuses %s', (_, authorization, expected) => expect(of(authorization)).toBe(expected));

  it('refuses everybody when no password is live', () => expect(of(encoded('Zoë:'), [])).toBe('wrong'));
});

it('GW-02: denies a kind of authentication that it does not know', () => {
  for (const type of ['oauth', 'constructor', undefined, 'bearer']) {
    expect(denial({ type } as unknown as TriggerAuth, ['s'], { authorization: 'Bearer s' })).toBe('unknown-kind');
  }
});
