import { Injectable } from '@nestjs/common';
import { AccessControl, admitUser, appsOf, dismissUser, keepSession, type Principal, roleIn } from '@sluice/access';
import { isUuid, newId, type RoleGrant, type UserState } from '@sluice/contracts';
import { AlongsideConflictError } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool, PoolClient } from 'pg';
import { type Actor, actorOf, ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { nextNumber } from '../changes/numbers.ts';
import { registryError } from '../registry.errors.ts';
import { invalidRequest, validated } from '../requests/validated.ts';
import { SignInLimiter } from '../sessions/sign-in-limiter.ts';
import { PasswordHash } from './password-hash.ts';
import { ChangeMe, ChangePassword, ChangeUser, CreateUser } from './user.requests.ts';
import { administers, appsThatDiffer, emailOf, passwordProblem, rolesProblems, tidied } from './user.rules.ts';
import { isVisibleIn, rolesAfter } from './visible-user.rules.ts';
import { type UserRow, userRow } from './user-rows.ts';
import { UserQueries } from './users.query.ts';

type UserEvent = 'UserCreated' | 'UserUpdated' | 'UserPasswordChanged' | 'UserDeleted';

/** Any constant; whoever takes an administrator's rights away waits for whoever is just doing so. */
const LAST_ADMINISTRATOR_LOCK = 7_150_302;

interface NewUser {
  id?: string;
  email: string;
  name: string;
  password: string;
  roles: readonly RoleGrant[];
}

/** People: who they are, what they may do in which app, and how they prove it. */
@Injectable()
export class Users {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly queries: UserQueries,
    private readonly hash: PasswordHash,
    private readonly limiter: SignInLimiter,
    private readonly access: AccessControl,
  ) {}

  async create(body: unknown, caller: Principal): Promise<UserRow> {
    const request = await validated(CreateUser, body, (sent) => rolesProblems(sent.roles));
    const email = this.emailOf(request.email, request.password);
    const roles = await this.resolved(request.roles, caller);
    requireRightOver(caller, appsThatDiffer([], roles));
    return this.add({ email, name: request.name, password: request.password, roles }, actorOf(caller));
  }

  /** @throws AppError `email_taken`; VersionConflictError when a user of this id exists. */
  async add(user: NewUser, actor: Actor): Promise<UserRow> {
    const now = new Date().toISOString();
    const { id = newId(), email, name, password } = user;
    const number = await nextNumber(this.pool, 'user');
    const roles = tidied(user.roles);
    const state: UserState = { id, number, email, name, roles, disabled: false, createdAt: now, updatedAt: now };
    const row = { state, streamVersion: 0, password: await this.hash.of(password), generation: 1, deleted: false };
    const added = await this.commit('UserCreated', row, actor);
    await this.access.refresh();
    return added;
  }

  /** @throws AppError 404 when no such user has a role in an app that the caller administers. */
  async get(id: string, caller: Principal, deletedToo?: 'also deleted'): Promise<UserRow> {
    const row = isUuid(id) ? await this.queries.byId(id) : null;
    if (!row || (row.deleted && !deletedToo) || !isVisible(row.state, caller)) throw noSuchUser();
    return row;
  }

  /** @throws AppError 404 when the credential belongs to no user. */
  async me(caller: Principal): Promise<UserRow> {
    const row = caller.userId === null ? null : await this.queries.byId(caller.userId);
    if (!row || row.deleted) throw platformError('not_found', 'this credential belongs to no user');
    return row;
  }

  /** What is taken away by it is taken away everywhere when it resolves, unless that is still propagating. */
  async change(id: string, body: unknown, caller: Principal, ifMatch?: string): Promise<Changed<UserRow>> {
    const problems = (sent: { roles?: unknown }) => (sent.roles === undefined ? [] : rolesProblems(sent.roles, 0));
    const apps = appsOf(caller, 'administrator');
    const request = await validated(ChangeUser, body, problems);
    const password = request.password === undefined ? null : await this.hash.of(request.password);
    return this.changes.deciding(ifMatch, async () => {
      const row = await this.get(id, caller);
      requireMatch(ifMatch, row.streamVersion);
      const before = row.state;
      const given = request.roles && (await this.resolved(request.roles, caller, before.roles));
      const email = request.email === undefined ? before.email : this.emailOf(request.email, request.password);
      if (request.password !== undefined) this.emailOf(email, request.password);
      const { name = before.name, disabled = before.disabled } = request;
      const roles = given ? tidied(rolesAfter(apps, before.roles, given)) : before.roles;
      if (roles.length === 0) throw invalidRequest(rolesProblems(roles));
      const state = { ...before, email, name, disabled, roles };
      requireRightOver(caller, appsThatDiffer(before.roles, state.roles));
      const isPersonal = email !== before.email || name !== before.name || disabled !== before.disabled;
      // Whoever may change how somebody signs in could sign in as them.
      if (isPersonal || password !== null)
        requireRightOver(
          caller,
          before.roles.map(({ appId }) => appId),
        );
      if (password === null && JSON.stringify(state) === JSON.stringify(before)) {
        return { value: row, streamVersion: row.streamVersion, propagating: false };
      }
      const endsSessions = password !== null || (disabled && !before.disabled);
      const next = { ...row, state, password: password ?? row.password };
      const type = password !== null ? 'UserPasswordChanged' : 'UserUpdated';
      const changed = endsSessions ? { ...next, generation: row.generation + 1 } : next;
      return this.known(await this.commit(type, changed, actorOf(caller), before));
    });
  }

  async changeMe(body: unknown, caller: Principal, ifMatch?: string): Promise<UserRow> {
    const { name } = await validated(ChangeMe, body);
    return this.changes.deciding(ifMatch, async () => {
      const row = await this.me(caller);
      requireMatch(ifMatch, row.streamVersion);
      if (name === row.state.name) return row;
      return this.commit('UserUpdated', { ...row, state: { ...row.state, name } }, actorOf(caller));
    });
  }

  /** Ends all sessions of the user but the one that asks. */
  async changePassword(body: unknown, caller: Principal): Promise<Changed<UserRow>> {
    const request = await validated(ChangePassword, body);
    return this.changes.deciding(undefined, async () => {
      const row = await this.me(caller);
      const { email } = row.state;
      // Whoever found an open browser must not guess the password in peace.
      await this.limiter.take(email, caller.address ?? '');
      if (!(await this.hash.matches(request.currentPassword, row.password))) {
        throw invalidRequest([{ pointer: '/currentPassword', message: 'is not the present password' }]);
      }
      await this.limiter.forgive(email, caller.address ?? '');
      this.emailOf(email, request.password);
      const next = { ...row, password: await this.hash.of(request.password), generation: row.generation + 1 };
      const kept = caller.kind === 'session' ? caller.tokenId : null;
      return this.known(await this.commit('UserPasswordChanged', next, actorOf(caller), row.state, kept));
    });
  }

  async delete(id: string, caller: Principal, ifMatch?: string): Promise<Changed<UserRow>> {
    return this.changes.deciding(ifMatch, async () => {
      const row = await this.get(id, caller);
      requireMatch(ifMatch, row.streamVersion);
      requireRightOver(
        caller,
        row.state.roles.map(({ appId }) => appId),
      );
      return this.known(await this.commit('UserDeleted', { ...row, deleted: true }, actorOf(caller), row.state));
    });
  }

  private emailOf(text: string, password: string | undefined): string {
    const email = emailOf(text);
    if (email === null) throw invalidRequest([{ pointer: '/email', message: 'must be an e-mail address' }]);
    const problem = password === undefined ? null : passwordProblem(password, email);
    if (problem) throw invalidRequest([{ pointer: '/password', message: problem }]);
    return email;
  }

  /** The apps of a list of roles by their ids. One that the caller may not know of does not exist, but may stay. */
  private async resolved(
    roles: readonly RoleGrant[],
    caller: Principal,
    present: readonly RoleGrant[] = [],
  ): Promise<RoleGrant[]> {
    const idOf = async (named: string | null): Promise<string | null | undefined> =>
      present.some(({ appId }) => appId === named)
        ? named
        : named === null
          ? null
          : ((await this.access.findApp(named, caller)) ?? undefined);
    const ids = await Promise.all(roles.map(({ appId }) => idOf(appId)));
    const missing = ids.flatMap((id, index) =>
      id === undefined ? [{ pointer: `/roles/${index}/appId`, message: 'there is no such app' }] : [],
    );
    if (missing.length > 0) throw invalidRequest(missing);
    return tidied(roles.map(({ role }, index) => ({ appId: ids[index] ?? null, role })));
  }

  private async commit(
    type: UserEvent,
    row: UserRow,
    actor: Actor,
    before?: UserState,
    keptSession: string | null = null,
  ): Promise<UserRow> {
    const state = type === 'UserCreated' ? row.state : { ...row.state, updatedAt: new Date().toISOString() };
    const next = { ...row, state, streamVersion: row.streamVersion + 1 };
    const { id: userId, roles, disabled } = state;
    const { generation } = row;
    const admission = row.deleted ? dismissUser(userId) : admitUser({ userId, roles, active: !disabled, generation });
    const loses = before !== undefined && administers(before) && (row.deleted || !administers(state));
    try {
      await this.changes.commit({
        streamId: userId,
        expectedVersion: row.streamVersion,
        appId: null,
        actor,
        events: [{ type, data: { user: state } }],
        alongside: [userRow(next), admission, ...(keptSession ? [keepSession(keptSession, generation)] : [])],
        ...(loses ? { alone: requireAnotherAdministrator } : {}),
      });
    } catch (error) {
      if (error instanceof AlongsideConflictError && error.constraint === 'user_email') throw emailTaken(error);
      throw error;
    }
    return next;
  }

  private async known(row: UserRow): Promise<Changed<UserRow>> {
    return { value: row, streamVersion: row.streamVersion, propagating: await this.changes.isAccessPropagating() };
  }
}

/** Runs after the change, in its transaction: one at a time, and it sees what others have committed. */
async function requireAnotherAdministrator(client: PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [LAST_ADMINISTRATOR_LOCK]);
  const { rowCount } = await client.query('select 1 from registry.users where administers and not deleted limit 1');
  if (!rowCount) throw registryError('last_administrator', 'somebody has to stay administrator of all apps');
}

/** Whether the user is a member of an app that the caller administers. */
export function isVisible(user: UserState, caller: Principal): boolean {
  return isVisibleIn(appsOf(caller, 'administrator'), user);
}

/** @throws AppError `forbidden` unless the caller is administrator in each of the apps (null: in all apps). */
function requireRightOver(caller: Principal, apps: readonly (string | null)[]): void {
  if (apps.every((appId) => mayGovern(caller, appId))) return;
  throw platformError('forbidden', 'this needs the role administrator in every app that it is about');
}

function mayGovern(caller: Principal, appId: string | null): boolean {
  return appId === null ? appsOf(caller, 'administrator') === null : roleIn(caller, appId) === 'administrator';
}

function noSuchUser(): Error {
  return platformError('not_found', 'there is no such user');
}

function emailTaken(cause: Error): Error {
  return registryError('email_taken', 'a user with this e-mail address exists already', {
    errors: [{ pointer: '/email', message: 'is taken by another user' }],
    cause,
  });
}
