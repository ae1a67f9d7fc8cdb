import type { Role, RoleGrant } from '@sluice/contracts';
import type { Principal } from './principal.ts';
import type { Scope } from './scopes.ts';

/** Whether the credential has no role and no scopes, but reaches a few things by routes that are made for it. */
export function isConfined({ kind }: Principal): boolean {
  return kind === 'trigger' || kind === 'portal';
}

/** Weakest first: each may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'editor', 'administrator'] as const satisfies readonly Role[];

/** Whether `held` (null: no member of the app) is at least `needed`. */
export function reaches(held: Role | null, needed: Role): boolean {
  return held !== null && ROLES.indexOf(held) >= ROLES.indexOf(needed);
}

/** What a user has to be for what a scope lets a token do, unless a route says otherwise. */
const ROLE_OF_SCOPE: Record<Scope, Role> = {
  admin: 'administrator',
  automation: 'editor',
  'automation.manage': 'editor',
  'automation.view': 'viewer',
  'automation.webhook_run': 'operator',
  'events.publish': 'operator',
};

export function roleFor(scope: Scope): Role {
  return ROLE_OF_SCOPE[scope];
}

/**
 * The role of a caller in an app (null: what belongs to no app), or null for a stranger there. A credential that belongs
 * to no user has no role to hold it back, only scopes; a trigger's credential has none at all.
 */
export function roleIn(caller: Principal, appId: string | null): Role | null {
  if (isConfined(caller)) return null;
  if (caller.appId !== null && caller.appId !== appId) return null;
  return caller.roles === undefined ? 'administrator' : strongest(caller.roles, appId);
}

/** The apps in which the caller has at least that role; null: all, also those that are yet to be made. */
export function appsOf(caller: Principal, needed: Role): readonly string[] | null {
  if (isConfined(caller)) return [];
  const { appId, roles } = caller;
  if (appId !== null) return reaches(roleIn(caller, appId), needed) ? [appId] : [];
  if (roles === undefined || reaches(strongest(roles, null), needed)) return null;
  const named = roles.flatMap((grant) => (grant.appId === null ? [] : [grant.appId]));
  return [...new Set(named)].filter((app) => reaches(strongest(roles, app), needed));
}

function strongest(grants: readonly RoleGrant[], appId: string | null): Role | null {
  let best: Role | null = null;
  for (const grant of grants) {
    if (grant.appId !== null && grant.appId !== appId) continue;
    if (best === null || reaches(grant.role, best)) best = grant.role;
  }
  return best;
}
