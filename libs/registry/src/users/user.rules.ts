import { reaches, ROLES } from '@sluice/access';
import type { FieldProblem, Role, RoleGrant, UserState } from '@sluice/contracts';

export const MIN_PASSWORD = 12;
export const MAX_PASSWORD = 200;
const MAX_GRANTS = 200;
const MIN_DIFFERENT = 5;

/** Something before and after one `@`, no blanks, controls or invisible characters; the rest is the mail server's. */
const EMAIL = /^[^\s\p{C}@"(),:;<>[\\\]]{1,64}@[^\s\p{C}@"(),:;<>[\\\]]{1,190}$/u;

/** One spelling per address: two users must not differ in case or in how a letter is composed. Null: no address. */
export function emailOf(text: string): string | null {
  const email = text.trim().normalize('NFC').toLowerCase();
  return EMAIL.test(email) && email.length <= 254 ? email : null;
}

/** What is wrong with a new password; length counts characters, not bytes. */
export function passwordProblem(password: string, email: string): string | null {
  const characters = [...password];
  if (characters.length < MIN_PASSWORD) return `must have at least ${MIN_PASSWORD} characters`;
  if (characters.length > MAX_PASSWORD) return `must have at most ${MAX_PASSWORD} characters`;
  if (new Set(characters).size < MIN_DIFFERENT) return `must have at least ${MIN_DIFFERENT} different characters`;
  const name = email.split('@')[0] ?? '';
  const lower = password.toLowerCase();
  if (lower.includes(email) || (name.length > 3 && lower.replaceAll(name, '').length < MIN_PASSWORD / 2)) {
    return 'must not be made of the e-mail address';
  }
  return null;
}

/**
 * What is wrong with the list of roles as it arrived; whether the apps exist is asked later.
 * @param least 0 for a change, by somebody who may not see all the roles that there are
 */
export function rolesProblems(value: unknown, least: 0 | 1 = 1): FieldProblem[] {
  const pointer = '/roles';
  if (!Array.isArray(value) || value.length < least)
    return [{ pointer, message: 'must be a list of at least one role' }];
  if (value.length > MAX_GRANTS) return [{ pointer, message: `must have at most ${MAX_GRANTS} entries` }];
  return value.flatMap((each: unknown, index) => grantProblems(each, `${pointer}/${index}`));
}

function grantProblems(value: unknown, pointer: string): FieldProblem[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return [{ pointer, message: 'must be an object {appId, role}' }];
  }
  const { appId, role, ...more } = value as Record<string, unknown>;
  const problems = Object.keys(more).map((name) => ({
    pointer: `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    message: 'unknown field',
  }));
  if (!ROLES.includes(role as Role))
    problems.push({ pointer: `${pointer}/role`, message: `must be among ${ROLES.join(', ')}` });
  if (appId !== null && (typeof appId !== 'string' || appId === '' || appId.length > 200)) {
    problems.push({
      pointer: `${pointer}/appId`,
      message: 'must name an app by its id or name, or be null for all apps',
    });
  }
  return problems;
}

/** One grant per app, the strongest; in the order of the apps, so that equal roles are written equally. */
export function tidied(grants: readonly RoleGrant[]): RoleGrant[] {
  const best = new Map<string, RoleGrant>();
  for (const grant of grants) {
    const known = best.get(grant.appId ?? '');
    if (!known || reaches(grant.role, known.role))
      best.set(grant.appId ?? '', { appId: grant.appId, role: grant.role });
  }
  return [...best.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, grant]) => grant);
}

/** Whether the user may do everything in all apps. One of those has to stay. */
export function administers(user: UserState): boolean {
  return !user.disabled && user.roles.some(({ appId, role }) => appId === null && role === 'administrator');
}

/**
 * The apps whose grants differ between two lists (null: all apps). Who changes roles has to be administrator in each.
 */
export function appsThatDiffer(before: readonly RoleGrant[], after: readonly RoleGrant[]): (string | null)[] {
  const roleFor = (grants: readonly RoleGrant[], appId: string | null): Role | undefined =>
    grants.find((grant) => grant.appId === appId)?.role;
  const apps = new Set([...before, ...after].map(({ appId }) => appId));
  return [...apps].filter((appId) => roleFor(before, appId) !== roleFor(after, appId));
}
