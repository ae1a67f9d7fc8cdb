import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unpackLz4 } from './lz4.ts';
import { unpackSnappy } from './snappy.ts';
import { UnreadableBytesError } from './unpacked-bytes.ts';

/** What the vectors below unpack to. */
function text(): string {
  let lines = '';
  for (let index = 0; lines.length < 3000; index++) lines += `{"n":${index},"same":"${'ab'.repeat(index % 40)}"}\n`;
  return lines;
}

/** Written by snappy-java 1.1.10 and lz4-java 1.11, the libraries of Kafka's own client. */
const VECTORS = {
  chunked: [
    'glNOQVBQWQAAAAABAAAAAQAAAYvFF0R7Im4iOjAsInNhbWUiOiIifQoFEgAxFRIEYWIRFAAyHRQZFgAzMhYAGRgANDoYABkaADVC',
    'GgAZHAA2ShwAGR4AN1IeABkgADhaIAAZIgA5YiIAGSQAMTkPBGFiRgIAMQ8AMS4kAUYnAB1QNjkBcisAPk4Bci0ARmMBci8ATngB',
    'cjEAVo0BcjMAXqIBcjUAZrcBcjcAbswBbjkAADJ24AFyOwB+9AFyPQCGCAJyPwCOHAJyQQCWMAJyQwCeRAJyRQCmWAJyRwCubAJy',
    'SQC2gAJySwC+lAJuTQAAM8aoAnJPAM68AnJRANbQAnJTAN7kAnJVAOb4AnJXAO4MA3JZAPYgA3JbAP40A3JdAO5IA2lIcl8A/lwD',
    'YVxuYQAANHlw8eQANC40AxUVNvgCFRc+vAIVGUaAAhUbTkQCFR1WCAIVH17MARUhZpABFSNuVAERJQA1ORhuPwEANS4sAXIpADZA',
    'AXIrAD5UAXItAEZoAXIvAE58AXIxAFaQAXIzAF6kAXI1AGa4AVo3AA==',
  ].join(''),
  bare: [
    'xRdEeyJuIjowLCJzYW1lIjoiIn0KBRIAMRUSBGFiERQAMh0UGRYAMzIWABkYADQ6GAAZGgA1QhoAGRwANkocABkeADdSHgAZIAA4',
    'WiAAGSIAOWIiABkkADE5DwRhYkYCADEPADEuJAFGJwAdUDY5AXIrAD5OAXItAEZjAXIvAE54AXIxAFaNAXIzAF6iAXI1AGa3AXI3',
    'AG7MAW45AAAyduABcjsAfvQBcj0AhggCcj8AjhwCckEAljACckMAnkQCckUAplgCckcArmwCckkAtoACcksAvpQCbk0AADPGqAJy',
    'TwDOvAJyUQDW0AJyUwDe5AJyVQDm+AJyVwDuDANyWQD2IANyWwD+NANyXQDuSANpSHJfAP5cA2FcbmEAADR5cPHkADQuNAMVFTb4',
    'AhUXPrwCFRlGgAIVG05EAhUdVggCFR9ezAEVIWaQARUjblQBESUANTkYbj8BADUuLAFyKQA2QAFyKwA+VAFyLQBGaAFyLwBOfAFy',
    'MQBWkAFyMwBepAFyNQBmuAFaNwA=',
  ].join(''),
  lz4: [
    'BCJNGGBwc0cCAADxA3sibiI6MCwic2FtZSI6IiJ9ChIAFTESACRhYhQAFzIUAAYWABkzFgAGGAAbNBgABhoAHTUaAAYcAB82HAAA',
    'Bh4AHzceAAIGIAAfOCAABAYiAB85IgAGBiQAFjEPAQAXAAwCAAQPARgxJAEPAgABBSkACjkBDwIAAQUrAAxOAQ8CAAEFLQAOYwEP',
    'AgABBS8AD3gBAQ8CAAEFMQAPjQEDDwIAAQUzAA+iAQUPAgABBTUAD7cBBw8CAAEFNwAPzAEJDwIAAQQ5AB8y4AELDwIAAQU7AA/0',
    'AQ0PAgABBT0ADwgCDw8CAAEFPwAPHAIRDwIAAQVBAA8wAhMPAgABBUMAD0QCFQ8CAAEFRQAPWAIXDwIAAQVHAA9sAhkPAgABBUkA',
    'D4ACGw8CAAEFSwAPlAIdDwIAAQRNAB8zqAIfDwIAAQVPAA+8AiEPAgABBVEAD9ACIw8CAAEFUwAP5AIlDwIAAQVVAA/4AicPAgAB',
    'BVcADwwDKQ8CAAEFWQAPIAMrDwIAAQVbAA80Ay0PAgABBV0AD0gDLw8CAAEFXwAPXAMxDwIAAQRhABY0cAMFEwAINAMFFQAK+AIF',
    'FwAMvAIFGQAOgAIFGwAPRAIBBR0ADwgCAwUfAA/MAQUFIQAPkAEHBSMAD1QBCQQlABY1GAEPPwEJGDUsAQ8CAAEFUAAKQAEPAgAB',
    'BSsADFQBDwIAAQUtAA5oAQ8CAAEFLwAPfAEBDwIAAQUxAA+QAQMPAgABBTMAD6QBBQ8CAAEFNQAPuAEHDgIAUGFiIn0KAAAAAA==',
  ].join(''),
};
const LIMIT = 100_000;

describe('unpacking what producers of other languages compress', () => {
  it.each([
    ['snappy in chunks, as Java writes it', VECTORS.chunked, unpackSnappy],
    ['bare snappy', VECTORS.bare, unpackSnappy],
    ['an LZ4 frame', VECTORS.lz4, unpackLz4],
  ])('reads %s', (_, base64, unpack) => {
    expect(unpack(Buffer.from(base64, 'base64'), LIMIT).toString()).toBe(text());
  });

  it('reads LZ4 blocks that are stored as they are, with sizes and checksums in the frame', () => {
    const head = [0x04, 0x22, 0x4d, 0x18, 0x7c, 0x40, 3, 0, 0, 0, 0, 0, 0, 0, 0];
    const frame = [...head, 3, 0, 0, 0x80, 97, 98, 99, 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8];
    expect(unpackLz4(Buffer.from(frame), LIMIT).toString()).toBe('abc');
  });

  it('repeats what a copy wrote itself', () => {
    // Length 12; the literal "ab"; a copy of 10 bytes from 2 before.
    expect(unpackSnappy(Buffer.from([12, 0x04, 97, 98, 0x26, 2, 0]), LIMIT).toString()).toBe('abababababab');
  });

  it('stops at its limit, however small the input', () => {
    for (const [base64, unpack] of [
      [VECTORS.chunked, unpackSnappy],
      [VECTORS.lz4, unpackLz4],
    ] as const)
      expect(() => unpack(Buffer.from(base64, 'base64'), 2000)).toThrow('more than 2000 bytes');
  });

  it('refuses whatever is broken with an error of its own', () => {
    for (const base64 of Object.values(VECTORS)) {
      const whole = Buffer.from(base64, 'base64');
      // Noise at every place, the same in every run.
      for (let at = 0; at < whole.length; at++) {
        const noise = createHash('sha256').update(`${at}`).digest();
        const bytes = Buffer.concat([whole.subarray(0, at), noise.subarray(0, 1 + (at % 8)), whole.subarray(at + 3)]);
        for (const unpack of [unpackSnappy, unpackLz4])
          expect(errorOf(() => unpack(bytes, LIMIT))).toBe('readable or told');
      }
    }
  });
});

function errorOf(unpack: () => Buffer): string {
  try {
    return unpack().length <= LIMIT ? 'readable or told' : 'too long';
  } catch (error) {
    return error instanceof UnreadableBytesError ? 'readable or told' : String(error);
  }
}
