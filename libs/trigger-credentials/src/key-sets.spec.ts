import { generateKeyPairSync } from 'node:crypto';
import type { OutboundRequest, OutboundResult } from '@sluice/outbound-http';
import { type CompactJWSHeaderParameters, exportJWK, type FlattenedJWSInput } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeySets } from './key-sets.ts';

const URL = 'https://issuer.example/keys';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const TOKEN: FlattenedJWSInput = { payload: '', signature: '' };

let nowMs: number;
let asked: OutboundRequest[];
let answer: () => OutboundResult | Promise<OutboundResult>;
let keySets: KeySets;

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  asked = [];
  answer = () => failure;
  const outbound = {
    send: async (request: OutboundRequest) => {
      asked.push(request);
      return answer();
    },
  };
  keySets = new KeySets(outbound, () => nowMs);
});

const failure: OutboundResult = {
  ok: false,
  error: { stage: 'connect', code: 'refused', message: 'refused' },
  durationMs: 1,
};

async function keys(kids: string[], headers: Record<string, string> = {}): Promise<OutboundResult> {
  const jwk = await exportJWK(publicKey);
  const body = Buffer.from(JSON.stringify({ keys: kids.map((kid) => ({ ...jwk, kid })) }));
  return { ok: true, status: 200, headers, body, truncated: false, durationMs: 1, remoteAddress: null };
}

/** Whether the key is found, or the code of the refusal. */
async function finds(kid: string): Promise<string> {
  try {
    await keySets.resolver(URL)({ alg: 'ES256', kid } as CompactJWSHeaderParameters, TOKEN);
    return 'found';
  } catch (error) {
    return (error as { code: string }).code;
  }
}
const UNKNOWN = 'ERR_JWKS_NO_MATCHING_KEY';

describe('keys behind a URL', () => {
  it('are asked for once by many, and again in the background when they are no longer fresh', async () => {
    answer = () => keys(['a']);
    expect(await Promise.all([finds('a'), finds('a'), finds('a')])).toEqual(Array(3).fill('found'));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: 'GET', url: URL, timeoutMs: 5000, maxBodyBytes: 262_144 });
    nowMs += 10 * MINUTE;
    expect(await finds('a')).toBe('found');
    expect(asked).toHaveLength(1);
    nowMs += 1;
    answer = () => keys(['b']);
    expect(await finds('a')).toBe('found');
    expect(asked).toHaveLength(2);
    await new Promise(setImmediate);
    expect(await finds('a')).toBe(UNKNOWN);
  });

  it('are asked for before use when they are twice as old as fresh ones', async () => {
    answer = () => keys(['a']);
    await finds('a');
    answer = () => keys(['b']);
    nowMs += 20 * MINUTE + 1;
    expect(await finds('a')).toBe(UNKNOWN);
    expect(await finds('b')).toBe('found');
  });

  it('stay as fresh as their server says, within bounds', async () => {
    answer = () => keys(['a'], { 'cache-control': 'public, max-age=3600' });
    await finds('a');
    nowMs += HOUR;
    await finds('a');
    expect(asked).toHaveLength(1);
    answer = () => keys(['a'], { 'cache-control': 'max-age=0' });
    nowMs += 2 * HOUR;
    await finds('a');
    nowMs += MINUTE;
    await finds('a');
    expect(asked).toHaveLength(2);
  });

  it('an unknown key id asks again at once, but then not more often than every 30 s, whatever is sent', async () => {
    answer = () => keys(['a']);
    await finds('a');
    nowMs += 31_000;
    answer = () => keys(['a', 'b']);
    expect(await finds('b')).toBe('found');
    expect(asked).toHaveLength(2);
    for (let n = 0; n < 50; n++) expect(await finds(`random-${n}`)).toBe(UNKNOWN);
    expect(asked).toHaveLength(2);
    nowMs += 30_000;
    await Promise.all(Array.from({ length: 50 }, (_, n) => finds(`random-${n}`)));
    expect(asked).toHaveLength(3);
  });

  it('survive a failing server for a day, then they are gone: 503, not 401', async () => {
    answer = () => keys(['a']);
    await finds('a');
    answer = () => failure;
    nowMs += 20 * HOUR;
    expect(await finds('a')).toBe('found');
    nowMs += 4 * HOUR + 1;
    expect(await finds('a')).toBe('keys_unavailable');
  });

  it('that were never there are asked for again after two seconds', async () => {
    expect(await finds('a')).toBe('keys_unavailable');
    expect(await finds('a')).toBe('keys_unavailable');
    expect(asked).toHaveLength(1);
    nowMs += 2_000;
    answer = () => keys(['a']);
    expect(await finds('a')).toBe('found');
  });

  it.each<[string, Partial<Extract<OutboundResult, { ok: true }>>]>([
    ['an error', { status: 500 }],
    ['a redirect', { status: 302 }],
    ['no JSON', { body: Buffer.from('<html>') }],
    ['null', { body: Buffer.from('null') }],
    ['something else', { body: Buffer.from('{"keys":{}}') }],
    ['entries that are no keys', { body: Buffer.from('{"keys":[null]}') }],
    ['too many keys', { body: Buffer.from(`{"keys":[${'{},'.repeat(100)}{}]}`) }],
    ['too much', { truncated: true }],
  ])('%s leaves the keys as they were', async (_, change) => {
    answer = async () => ({ ...(await keys(['a'])), ...change }) as OutboundResult;
    expect(await finds('a')).toBe('keys_unavailable');
    answer = () => keys(['a']);
    nowMs += 3_000;
    expect(await finds('a')).toBe('found');
    answer = async () => ({ ...(await keys(['b'])), ...change }) as OutboundResult;
    nowMs += HOUR;
    expect(await finds('a')).toBe('found');
  });

  it('of shared secrets are not used: a key set is public', async () => {
    const body = Buffer.from(JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'HS256' }] }));
    answer = async () => ({ ...(await keys([])), body }) as OutboundResult;
    const found = keySets.resolver(URL)({ alg: 'HS256', kid: 'a' }, TOKEN);
    await expect(found).rejects.toThrow('Unsupported');
  });

  it('of more than a thousand URLs push the oldest out', async () => {
    answer = () => keys(['a']);
    for (let n = 0; n <= 1_000; n++) await keySets.resolver(`${URL}/${n}`)({ alg: 'ES256', kid: 'a' }, TOKEN);
    const before = asked.length;
    await keySets.resolver(`${URL}/1000`)({ alg: 'ES256', kid: 'a' }, TOKEN);
    expect(asked).toHaveLength(before);
    await keySets.resolver(`${URL}/0`)({ alg: 'ES256', kid: 'a' }, TOKEN);
    expect(asked).toHaveLength(before + 1);
  });
});
