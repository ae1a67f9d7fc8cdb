import { expect, test } from 'vitest';
import { type LinkClaim, LinkTokens } from './link-tokens.ts';

const keyOf = (fill: number) => ({ id: `k${fill}`, key: Buffer.alloc(32, fill) });
const tokens = new LinkTokens([keyOf(1)]);
const CLAIM: LinkClaim = {
  kind: 'callback',
  runId: '01930000-0000-7000-8000-000000000001',
  step: 'each[3].größe',
  expiresAt: 1_900_000_000,
};

test('FL-02: a link says what was signed, and fits into a URL', () => {
  for (const claim of [CLAIM, { ...CLAIM, kind: 'approval' as const, step: 'ok', expiresAt: 2 ** 40 - 1 }]) {
    const token = tokens.sign(claim);
    expect(token).toMatch(/^[\w.-]+$/);
    expect(tokens.verify(token)).toEqual(claim);
  }
});

test('FL-02: a link that was changed anywhere, or that nobody signed, says nothing', () => {
  const token = tokens.sign(CLAIM);
  const changed = Array.from(
    token,
    (char, at) => `${token.slice(0, at)}${char === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`,
  );
  const read = changed.map((each) => tokens.verify(each)).filter((claim) => claim !== null);
  // The last character of a part has bits that say nothing: the claim is the same.
  for (const claim of read) expect(claim).toEqual(CLAIM);
  expect(read.length).toBeLessThan(3);
  const [claim = '', mac = ''] = token.split('.');
  for (const forged of [
    '',
    '.',
    claim,
    `${claim}.`,
    `.${mac}`,
    `${claim}.${mac}.${mac}`,
    'x'.repeat(10_000),
    '\u0000',
  ]) {
    expect(tokens.verify(forged)).toBeNull();
  }
  expect(new LinkTokens([keyOf(2)]).verify(token)).toBeNull();
});

test('FL-02: a link lives on while the key that signed it is in the ring', () => {
  const token = tokens.sign(CLAIM);
  const rotated = new LinkTokens([keyOf(2), keyOf(1)]);
  expect(rotated.verify(token)).toEqual(CLAIM);
  expect(tokens.verify(rotated.sign(CLAIM))).toBeNull();
});
