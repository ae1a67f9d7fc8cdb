import { expect, test } from 'vitest';
import { withinClaim } from './admit-portal.ts';
import type { PortalClaim } from './portal-tokens.ts';
import type { Principal } from './principal.ts';

const endpointOf = (id: number) => ({ id, uuid: `01890000-0000-7000-8000-${String(id).padStart(12, '0')}` });
const LINK: Principal = {
  kind: 'portal',
  tokenId: 'link',
  appId: 'app',
  scopes: [],
  userId: null,
  portal: { endpoints: [endpointOf(1), endpointOf(2)], permissions: ['view', 'manage'] },
};
const CLAIM: PortalClaim = {
  linkId: 'link',
  appId: 'app',
  permissions: ['view', 'manage', 'replay'],
  endpointIds: [2, 3],
  expiresAtMs: 0,
};
const USER: Principal = { kind: 'personal', tokenId: 'token', appId: null, scopes: ['admin'], userId: null };

test('RG-02: of a portal link counts what stands in its row and in its token', () => {
  expect(withinClaim(LINK, CLAIM)?.portal).toEqual({ endpoints: [endpointOf(2)], permissions: ['view', 'manage'] });
  const narrow = { ...CLAIM, permissions: ['view' as const], endpointIds: [] };
  expect(withinClaim(LINK, narrow)?.portal).toEqual({ endpoints: [], permissions: ['view'] });
});

test('RG-02: a row of another link, of another app or of another kind is nobody', () => {
  expect(withinClaim({ ...LINK, tokenId: 'other' }, CLAIM)).toBeNull();
  expect(withinClaim({ ...LINK, appId: 'other' }, CLAIM)).toBeNull();
  expect(withinClaim(LINK, null)).toBeNull();
  expect(withinClaim({ ...USER, kind: 'portal' }, null)).toBeNull();
  expect(withinClaim(USER, CLAIM)).toBeNull();
  expect(withinClaim(null, CLAIM)).toBeNull();
});

test('other credentials stay as they are', () => {
  expect(withinClaim(USER, null)).toBe(USER);
});
