import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { loadSettings } from '@sluice/platform';
import { describe, expect, it } from 'vitest';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { type DecodingLimits, decoded } from './body-decoding.ts';
import { type ContentCoding, codingOf } from './content-encoding.rules.ts';

const { freeDecodedBytes } = GATEWAY_LIMITS;
const { requestLimits } = loadSettings({});
const { maxBodyBytes, maxBodyRatio } = requestLimits;
const decode = (coding: ContentCoding, body: Buffer, limits: DecodingLimits = requestLimits) =>
  decoded(coding, body, limits);

/** Text that compresses little, made the same way each time. */
function noise(bytes: number): Buffer {
  let state = 1;
  return Buffer.from(Array.from({ length: bytes }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff));
}

describe('GW-07: compressed bodies', () => {
  const body = Buffer.from('{"hello":"world"}');

  it('are read in every form of the accepted codings', async () => {
    expect(await decode('gzip', gzipSync(body))).toEqual(body);
    expect(await decode('br', brotliCompressSync(body))).toEqual(body);
    expect(await decode('deflate', deflateSync(body))).toEqual(body);
    expect(await decode('deflate', deflateRawSync(body))).toEqual(body);
    expect(await decode('gzip', Buffer.concat([gzipSync(body), gzipSync(body)]))).toEqual(Buffer.concat([body, body]));
  });

  it('may be as large as any body, and not a byte larger', async () => {
    expect(await decode('gzip', gzipSync(noise(maxBodyBytes)))).toHaveLength(maxBodyBytes);
    const over = decode('gzip', gzipSync(noise(maxBodyBytes + 1)));
    await expect(over).rejects.toMatchObject({ code: 'body_too_large', status: 413 });
  });

  it('may grow a hundredfold, small ones as they like', async () => {
    expect(await decode('gzip', gzipSync(Buffer.alloc(freeDecodedBytes)))).toHaveLength(freeDecodedBytes);
    const packed = gzipSync(Buffer.alloc(1_000_000));
    expect(1_000_000 / packed.length).toBeGreaterThan(maxBodyRatio);
    await expect(decode('gzip', packed)).rejects.toMatchObject({ code: 'body_too_large' });
  });

  it('by other limits, when the deployment has them', async () => {
    const twice = { maxBodyBytes: 100_000, maxBodyRatio: 2 };
    const packed = gzipSync(noise(80_000));
    expect(await decode('gzip', packed, twice)).toHaveLength(80_000);
    const zeros = gzipSync(Buffer.alloc(freeDecodedBytes + 1));
    await expect(decode('gzip', zeros, twice)).rejects.toMatchObject({
      code: 'body_too_large',
      message: expect.stringContaining('(2 times what was sent, 100000 in any case)') as string,
    });
    await expect(decode('gzip', gzipSync(noise(100_001)), twice)).rejects.toMatchObject({ code: 'body_too_large' });
    const small = { maxBodyBytes: 2_000, maxBodyRatio: 1_000 };
    expect(await decode('gzip', gzipSync(Buffer.alloc(2_000)), small)).toHaveLength(2_000);
    await expect(decode('gzip', gzipSync(Buffer.alloc(2_001)), small)).rejects.toMatchObject({
      message: expect.stringContaining('at most 2000 bytes') as string,
    });
  });

  it.each(['gzip', 'br', 'deflate'] as const)('a bomb of %s is refused', async (coding) => {
    const bombs = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };
    await expect(decode(coding, bombs[coding](Buffer.alloc(20_000_000)))).rejects.toMatchObject({
      code: 'body_too_large',
    });
  });

  it.each([
    ['gzip', body],
    ['gzip', gzipSync(body).subarray(0, 20)],
    ['gzip', Buffer.from([0x1f, 0x8b])],
    ['br', body],
    ['deflate', body],
    ['deflate', deflateSync(body).subarray(0, 5)],
  ] as const)('%s that is broken is 422', async (coding, sent) => {
    await expect(decode(coding, sent)).rejects.toMatchObject({ code: 'malformed_content_encoding', status: 422 });
  });

  it('other codings, and several of them, are 415 with what is accepted', () => {
    expect([undefined, '', 'identity', ' GZIP ', 'x-gzip', 'br', 'deflate'].map((each) => codingOf(each))).toEqual([
      null,
      null,
      null,
      'gzip',
      'gzip',
      'br',
      'deflate',
    ]);
    for (const coding of ['zstd', 'compress', 'gzip, gzip', 'identity, gzip', 'x', 'constructor']) {
      expect(() => codingOf(coding)).toThrow(
        expect.objectContaining({
          code: 'unsupported_content_encoding',
          headers: { 'accept-encoding': 'gzip, deflate, br, identity' },
        }) as Error,
      );
    }
  });
});
