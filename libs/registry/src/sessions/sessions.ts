import { Injectable } from '@nestjs/common';
import {
  AccessControl,
  type Actor,
  actorOf,
  allows,
  endSession,
  hashToken,
  newToken,
  openSession,
  type Principal,
  SESSION_IDLE_MS,
  SESSION_LIFE_MS,
} from '@sluice/access';
import { newId } from '@sluice/contracts';
import { VersionConflictError } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { ChangeLog } from '../changes/change-log.ts';
import { isJsonObject, validated } from '../requests/validated.ts';
import { PasswordHash } from '../users/password-hash.ts';
import { emailOf } from '../users/user.rules.ts';
import type { UserRow } from '../users/user-rows.ts';
import { UserQueries } from '../users/users.query.ts';
import { SignIn, SignInByToken } from './session.requests.ts';
import { SignInLimiter } from './sign-in-limiter.ts';

export interface Session {
  id: string;
  user: UserRow;
  expiresAt: string;
  idleExpiresAt: string;
}

/** Whence somebody signs in. */
export interface Visitor {
  address: string;
  userAgent: string;
}

const MAX_USER_AGENT = 300;

/** Signing in and out. Each session has a token of its own, made here: none that the browser brought lives on. */
@Injectable()
export class Sessions {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly users: UserQueries,
    private readonly hash: PasswordHash,
    private readonly limiter: SignInLimiter,
    private readonly access: AccessControl,
  ) {}

  /** @throws AppError 401 for a wrong address or password or a disabled user, all alike; 429 after too many tries. */
  async signIn(body: unknown, visitor: Visitor): Promise<Session & { token: string }> {
    if (isJsonObject(body) && 'token' in body) return this.signInByToken(body, visitor);
    const request = await validated(SignIn, body);
    const email = emailOf(request.email) ?? request.email;
    await this.limiter.take(email, visitor.address);
    const user = await this.users.byEmail(email);
    // Nobody's password takes as long as somebody's, so that the time does not tell who has an account.
    const isRight = await this.hash.matches(request.password, user?.password ?? null);
    if (!isRight || !user || user.state.disabled) {
      throw platformError('unauthorized', 'the e-mail address or the password is wrong');
    }
    await this.limiter.forgive(email, visitor.address);
    return this.open(user, visitor);
  }

  /**
   * As the token's user. The operator's token is nobody's: it signs in the first user who administers all apps, whose
   * password it could change anyway. Nobody guesses a token, so tries are not counted. What a session may do is not
   * limited by scopes, so the token's must not be either (decision 0230).
   */
  private async signInByToken(body: unknown, visitor: Visitor): Promise<Session & { token: string }> {
    const { token } = await validated(SignInByToken, body);
    const principal = await this.access.authenticate(token.trim());
    if (!principal) throw platformError('unauthorized', 'the token is wrong, revoked or expired');
    if (principal.kind !== 'personal' || principal.appId !== null || !allows(principal.scopes, 'admin')) {
      throw platformError(
        'forbidden',
        'only a token of scope admin for all apps signs in; ask for a password, or use the API',
      );
    }
    const { userId } = principal;
    const user = userId === null ? await this.users.firstAdministrator() : await this.users.byId(userId);
    if (!user || user.deleted || user.state.disabled) {
      throw platformError('forbidden', 'the token belongs to nobody, and no user administers all apps: make one first');
    }
    return this.open(user, visitor, principal.tokenId);
  }

  /** @throws AppError 404 when the credential is no session. */
  async current(caller: Principal): Promise<Session> {
    const user = caller.kind === 'session' && caller.userId !== null ? await this.users.byId(caller.userId) : null;
    const { rows } = await this.pool.query<{ expires_at: Date; idle_expires_at: Date }>(
      'select expires_at, idle_expires_at from access.sessions where session_id = $1 and not deleted',
      [caller.tokenId],
    );
    const row = rows[0];
    if (!user || !row) throw platformError('not_found', 'this credential is no session');
    const { expires_at, idle_expires_at } = row;
    return {
      id: caller.tokenId,
      user,
      expiresAt: expires_at.toISOString(),
      idleExpiresAt: idle_expires_at.toISOString(),
    };
  }

  async end(caller: Principal): Promise<{ propagating: boolean }> {
    const { id, user } = await this.current(caller);
    try {
      await this.changes.commit({
        streamId: id,
        expectedVersion: 1,
        appId: null,
        actor: actorOf(caller),
        events: [{ type: 'SessionEnded', data: { session: { id, userId: user.state.id } } }],
        alongside: [endSession(id)],
      });
    } catch (error) {
      // Ended twice at the same time: it is over all the same.
      if (!(error instanceof VersionConflictError)) throw error;
    }
    return { propagating: await this.changes.isAccessPropagating() };
  }

  private async open(
    user: UserRow,
    { address, userAgent }: Visitor,
    tokenId?: string,
  ): Promise<Session & { token: string }> {
    const now = Date.now();
    const [id, token] = [newId(now), newToken('sluice_ses')];
    const expiresAt = new Date(now + SESSION_LIFE_MS).toISOString();
    const idleExpiresAt = new Date(now + SESSION_IDLE_MS).toISOString();
    const session = {
      id,
      startedAt: new Date(now).toISOString(),
      expiresAt,
      userAgent: userAgent.slice(0, MAX_USER_AGENT),
    };
    const { id: userId } = user.state;
    const actor: Actor = {
      type: 'user',
      id: userId,
      ...(address === '' ? {} : { address }),
      ...(tokenId === undefined ? {} : { tokenId }),
    };
    await this.changes.commit({
      streamId: id,
      expectedVersion: 0,
      appId: null,
      actor,
      events: [{ type: 'UserLoggedIn', data: { user: user.state, session } }],
      alongside: [
        // Of the generation that the password was checked for: one changed meanwhile leaves this session dead.
        openSession({
          sessionId: id,
          sha256: hashToken(token),
          userId,
          generation: user.generation,
          expiresAt,
          idleExpiresAt,
        }),
      ],
    });
    await this.access.refresh();
    return { id, user, expiresAt, idleExpiresAt, token };
  }
}
