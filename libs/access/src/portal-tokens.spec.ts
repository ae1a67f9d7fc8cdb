import type { PortalLinkState } from '@sluice/contracts';
import { LinkTokens } from '@sluice/sealed-values';
import { expect, test } from 'vitest';
import { bearerOf } from './credential.ts';
import { PortalTokens } from './portal-tokens.ts';

const keyOf = (fill: number) => ({ id: `k${fill}`, key: Buffer.alloc(32, fill) });
const tokens = new PortalTokens([keyOf(1)]);
const LINK: PortalLinkState = {
  id: '01930000-0000-7000-8000-000000000001',
  appId: '01930000-0000-7000-8000-0000000000aa',
  endpoints: [
    { id: 7, uuid: '01930000-0000-7000-8000-000000000007' },
    { id: 2_147_483_647, uuid: '01930000-0000-7000-8000-000000000008' },
  ],
  permissions: ['view', 'replay'],
  customer: null,
  embedIn: [],
  expiresAt: '2026-11-23T12:00:00.123Z',
  createdAt: '2026-11-23T11:00:00.000Z',
};
const CLAIM = {
  linkId: LINK.id,
  appId: LINK.appId,
  permissions: ['view', 'replay'],
  endpointIds: [7, 2_147_483_647],
  expiresAtMs: Date.parse(LINK.expiresAt),
};

test('RG-02: the token of a portal link says what it reaches and until when', () => {
  expect(tokens.verify(tokens.sign(LINK))).toEqual(CLAIM);
  expect(new PortalTokens([keyOf(2), keyOf(1)]).verify(tokens.sign(LINK))).toEqual(CLAIM);
});

test('RG-02: with a hundred endpoints it still fits into an Authorization header', () => {
  const endpoints = Array.from({ length: 100 }, (_, id) => ({ id: id + 1, uuid: LINK.id }));
  const token = tokens.sign({ ...LINK, endpoints });
  expect(bearerOf(`Bearer ${token}`)).toBe(token);
  expect(tokens.verify(token)?.endpointIds).toHaveLength(100);
});

test('RG-02: changed in any character, or signed by nobody or for something else, it says nothing else', () => {
  const token = tokens.sign(LINK);
  const read = Array.from(token, (char, at) =>
    tokens.verify(`${token.slice(0, at)}${char === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`),
  ).filter((claim) => claim !== null);
  // The last character of a part has bits that say nothing: the claim is the same, and the hash of the whole text is not.
  for (const claim of read) expect(claim).toEqual(CLAIM);
  expect(read.length).toBeLessThan(3);
  const [claim = '', mac = ''] = token.split('.');
  const link = new LinkTokens([keyOf(1)]).sign({ kind: 'callback', runId: LINK.id, step: 's', expiresAt: 1 });
  for (const forged of ['', 'sluice_ptl_', claim, `${claim}.`, `sluice_ptl_.${mac}`, `sluice_ptl_${link}`]) {
    expect(tokens.verify(forged)).toBeNull();
  }
  expect(new PortalTokens([keyOf(2)]).verify(token)).toBeNull();
});
