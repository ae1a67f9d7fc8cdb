import type { PortalGrant, PortalPermission } from '@sluice/contracts';
import { platformError } from '@sluice/platform';

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
