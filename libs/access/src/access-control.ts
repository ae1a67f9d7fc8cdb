import type { Role } from '@sluice/contracts';
import type { EncryptionKey } from '@sluice/sealed-values';
import type { AccessBoard } from './access-board.ts';
import { AccessCopy, type AccessCopyOptions, type KnownApp, type KnownToken } from './access-copy.ts';
import { hashToken } from './credential.ts';
import { isPortalToken, PortalTokens } from './portal-tokens.ts';
import { DEFAULT_APP_ID, type Principal } from './principal.ts';
import { withinClaim } from './admit-portal.ts';
import { appsOf, isConfined, reaches, roleFor, roleIn } from './roles.ts';
import { allows, type Scope } from './scopes.ts';
import { UnknownNames } from './unknown-names.ts';
import { UseLog } from './use-log.ts';

export interface AccessControlOptions extends Omit<AccessCopyOptions, 'onApplied'> {
  /** How long an unknown token stays unknown without being looked up again; 1,000 ms unless given. */
  negativeMs?: number;
  /** The sealing keys, from which those of portal links are derived; none: no portal link is let in. */
  keys?: readonly EncryptionKey[];
  /** Where the processes say what they know; none: nobody else is waited for. */
  board?: AccessBoard;
}

/** A request for a run that may carry the credential of the trigger that started it. */
export interface TriggerCaller {
  runId: string;
  /** Of the request, without its query. */
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Characters; names of apps are shorter. */
const MAX_NAME_LENGTH = 300;

/**
 * Who may do what, from a local copy of the token hashes. A token that the copy does not hold yet is looked up before
 * it is refused, so that it works the instant it was created.
 */
export class AccessControl {
  readonly #options: AccessControlOptions;
  readonly #copy: AccessCopy;
  readonly #unknown: UnknownNames;
  readonly #uses: UseLog;
  readonly #portalTokens: PortalTokens;
  #identify: ((caller: TriggerCaller) => Promise<Principal | null>) | null = null;

  constructor(options: AccessControlOptions) {
    this.#options = options;
    const { pool, pollMs, onError, board } = options;
    this.#copy = new AccessCopy({
      pool,
      ...(pollMs === undefined ? {} : { pollMs }),
      ...(onError === undefined ? {} : { onError }),
      onApplied: (change) => board?.report(change),
    });
    this.#unknown = new UnknownNames(options.negativeMs ?? 1000);
    this.#portalTokens = new PortalTokens(options.keys ?? []);
    this.#uses = new UseLog(pool, (error) => onError?.(error));
  }

  /** Resolves once the tables are loaded. */
  async start(): Promise<void> {
    // What is revoked while the tables are being read waits for this process, too.
    this.#options.board?.report(null);
    await this.#copy.start();
    this.#uses.start();
  }

  async stop(): Promise<void> {
    await this.#uses.stop();
    await this.#copy.stop();
    await this.#options.board?.close();
  }

  /** Milliseconds since the copy was last known to be complete; Infinity before the first load. */
  get staleSinceMs(): number {
    return this.#copy.staleSinceMs;
  }

  /**
   * The principal that a token (of a person, a session or a trigger) stands for, or null when it is unknown, revoked or
   * expired, or its user is gone or disabled. Of a portal link counts what is both signed in the token and in its row.
   * @param isUse whether it is used: asking again what a long answer may go on with keeps no session from its idle end
   * @throws a transient error when the token is not in the copy and the database cannot be asked.
   */
  async authenticate(token: string, isUse = true): Promise<Principal | null> {
    const claim = this.#portalTokens.verify(token);
    if (isPortalToken(token) && (claim === null || claim.expiresAtMs <= Date.now())) return null;
    const sha256 = hashToken(token);
    const known = this.#copy.credential(sha256) ?? (await this.#readThrough(sha256));
    if (!known || (known.expiresAtMs !== null && known.expiresAtMs <= Date.now())) return null;
    const principal = withinClaim(await this.#withRoles(known, sha256), claim);
    if (!isUse) return principal;
    if (principal?.kind === 'personal' || principal?.kind === 'portal') this.#uses.tokenUsed(principal.tokenId);
    if (principal?.kind === 'session') this.#uses.sessionUsed(principal.tokenId);
    return principal;
  }

  /** Who can tell a trigger's caller by what is no token of the copy: the service that knows runs and their triggers. */
  knowTriggerCallers(identify: (caller: TriggerCaller) => Promise<Principal | null>): void {
    this.#identify = identify;
  }

  /** The trigger whose credential a request for a run carries, in a form of its own; null when it is none. */
  triggerCaller(caller: TriggerCaller): Promise<Principal | null> {
    return this.#identify === null ? Promise.resolve(null) : this.#identify(caller);
  }

  /**
   * Whether the caller may do in an app what needs a scope: the credential's scopes and, when it belongs to a user, their
   * role there. For routes without the guard; the credential of a trigger and a portal link may nothing here.
   * @param role the least role, when it is not the one that goes with the scope.
   */
  mayIn(caller: Principal, appId: string, scope: Scope, role: Role = roleFor(scope)): boolean {
    return !isConfined(caller) && allows(caller.scopes, scope) && reaches(roleIn(caller, appId), role);
  }

  /**
   * The id of the app that a request names by id or name, as far as the caller may see it; null when it may not.
   * @throws a transient error when the app is not in the copy and the database cannot be asked.
   */
  async findApp(named: string, principal: Principal): Promise<string | null> {
    const app = await this.#appNamed(named);
    if (!app) return null;
    if (isConfined(principal)) return principal.appId === app.id ? app.id : null;
    return roleIn(principal, app.id) === null ? null : app.id;
  }

  /** The app of a caller that names none: the only one it may enter, otherwise the default one. */
  defaultAppOf(principal: Principal): string {
    const apps = principal.appId === null ? appsOf(principal, 'viewer') : [principal.appId];
    return apps?.length === 1 ? (apps[0] as string) : DEFAULT_APP_ID;
  }

  /**
   * Reads what was just committed, so that this process knows it at once; others know it with their next poll. Enough for
   * what lets somebody in: who does not know a token looks it up.
   * @throws what the database threw.
   */
  refresh(): Promise<void> {
    return this.#copy.refresh();
  }

  /**
   * Waits until no process lets in whom a change that was just committed shuts out: this one and all others that live.
   * @returns false when another process had not read it when the wait was over, or that is not known.
   * @throws what the database threw when this process could not read it.
   */
  async isKnownEverywhere(): Promise<boolean> {
    await this.#copy.refresh();
    return (await this.#options.board?.othersHaveIt()) ?? true;
  }

  /** When each token was used last (RFC 3339), as far as it was; exact to half a minute. */
  async lastUsed(tokenIds: readonly string[]): Promise<Map<string, string>> {
    await this.#uses.flush();
    const { rows } = await this.#options.pool.query<{ id: string; at: Date }>(
      'select token_id as id, last_used_at as at from access.tokens where token_id = any($1) and last_used_at is not null',
      [tokenIds],
    );
    return new Map(rows.map((row) => [row.id, row.at.toISOString()]));
  }

  async #readThrough(sha256: string): Promise<KnownToken | undefined> {
    if (this.#unknown.has(sha256)) return undefined;
    await this.#copy.lookUpSoon();
    const known = this.#copy.credential(sha256);
    if (!known) this.#unknown.add(sha256);
    return known;
  }

  async #withRoles(found: KnownToken, sha256: string): Promise<Principal | null> {
    const { userId } = found.principal;
    if (userId === null) return found.principal;
    let known: KnownToken | undefined = found;
    // The tables are read one by one: a credential may be known a moment before its user or their new password, and
    // that password a moment before the session that goes on with it.
    const agrees = (): boolean => {
      const user = this.#copy.users.get(userId);
      return user !== undefined && (known?.generation ?? user.generation) === user.generation;
    };
    const name = `user:${userId}:${found.principal.tokenId}`;
    if (!agrees() && !this.#unknown.has(name)) {
      await this.#copy.lookUpSoon();
      known = this.#copy.credential(sha256);
      if (!agrees()) this.#unknown.add(name);
    }
    const user = this.#copy.users.get(userId);
    return known && user?.active && agrees() ? { ...known.principal, roles: user.roles } : null;
  }

  async #appNamed(named: string): Promise<KnownApp | undefined> {
    // No app has such a name, and what is unknown is remembered.
    if (named.length > MAX_NAME_LENGTH) return undefined;
    const find = (): KnownApp | undefined => {
      const byId = this.#copy.apps.get(named.toLowerCase());
      return byId ?? [...this.#copy.apps.values()].find((app) => app.name === named);
    };
    const known = find();
    if (known || this.#unknown.has(`app:${named}`)) return known;
    await this.#copy.lookUpSoon();
    const found = find();
    if (!found) this.#unknown.add(`app:${named}`);
    return found;
  }
}
