import type { RoleGrant, UserState } from '@sluice/contracts';
import type { HistoryItem } from '../changes/history.responses.ts';

/** The apps that somebody administers; null: all. */
export type Governed = readonly string[] | null;

const isGoverned = (apps: Governed, { appId }: RoleGrant): boolean =>
  apps === null || (appId !== null && apps.includes(appId));

/** Whether a user is a member of an app of theirs. Who administers all apps is nobody's member for that alone. */
export function isVisibleIn(apps: Governed, user: UserState): boolean {
  return apps === null || user.roles.some((grant) => isGoverned(apps, grant));
}

/** A user as the administrators of these apps see them: without what they are elsewhere. */
export function visibleUser(apps: Governed, user: UserState): UserState {
  return apps === null ? user : { ...user, roles: user.roles.filter((grant) => isGoverned(apps, grant)) };
}

/** The roles after a change by somebody who does not see all of them: what is not seen and not named stays. */
export function rolesAfter(apps: Governed, before: readonly RoleGrant[], given: readonly RoleGrant[]): RoleGrant[] {
  const named = new Set(given.map(({ appId }) => appId));
  return [...given, ...before.filter((grant) => !isGoverned(apps, grant) && !named.has(grant.appId))];
}

/** A change of a user as they see it: not whence others work, nor roles, which may be those in other apps. */
export function visibleChange(apps: Governed, item: HistoryItem): HistoryItem {
  if (apps === null) return item;
  const { address: _address, ...actor } = item.actor;
  const changes = item.changes.filter(({ pointer }) => !/^\/roles(?:\/|$)/.test(pointer));
  return { ...item, actor, changes, omitted: item.omitted + item.changes.length - changes.length };
}
