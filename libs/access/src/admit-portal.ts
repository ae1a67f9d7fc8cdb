import type { PortalGrant, PortalPermission } from '@sluice/contracts';
import { platformError } from '@sluice/platform';
import type { PortalClaim } from './portal-tokens.ts';
import type { Principal } from './principal.ts';

/**
 * Whether a portal link may use a route, and the endpoint that its path names: all other routes refuse it, and endpoints that
 * are not the link's do not exist for it.
 * @param needed what the route lets portal links in with; undefined: not at all.
 * @param id the path's endpoint, by integer or uuid; undefined for the route that shows all of the link's.
 * @throws AppError `forbidden`, `not_found`
 */
export function admitPortal(link: PortalGrant, needed: PortalPermission | undefined, id: string | undefined): void {
  if (needed === undefined) throw platformError('forbidden', 'a portal link does not reach this');
  if (!link.permissions.includes(needed)) throw platformError('forbidden', `this portal link may not ${needed}`);
  if (id !== undefined && !link.endpoints.some((each) => String(each.id) === id || each.uuid === id.toLowerCase())) {
    throw platformError('not_found', 'there is no such endpoint');
  }
}

/**
 * A portal link as far as its signed token and its row agree, or null when they are about different links. A row that somebody has
 * widened opens nothing more.
 * @param claim what stands in the token; null for every other credential, which stays as it is.
 */
export function withinClaim(principal: Principal | null, claim: PortalClaim | null): Principal | null {
  const portal = principal?.portal;
  if (!principal || (claim === null && !portal && principal.kind !== 'portal')) return principal;
  if (claim === null || !portal || principal.kind !== 'portal') return null;
  if (claim.linkId !== principal.tokenId || claim.appId !== principal.appId) return null;
  return {
    ...principal,
    portal: {
      endpoints: portal.endpoints.filter(({ id }) => claim.endpointIds.includes(id)),
      permissions: portal.permissions.filter((each) => claim.permissions.includes(each)),
    },
  };
}
