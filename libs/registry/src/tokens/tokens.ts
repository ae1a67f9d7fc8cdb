import { Injectable } from '@nestjs/common';
import {
  AccessControl,
  appsOf,
  type AppScope,
  grantAccess,
  hashToken,
  newToken,
  type Principal,
  revokeAccess,
} from '@sluice/access';
import { isUuid, newId, type TokenState } from '@sluice/contracts';
import { VersionConflictError } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, actorOf, ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { nextNumber } from '../changes/numbers.ts';
import type { RegistryEvent } from '../changes/registry-event.ts';
import { registryError } from '../registry.errors.ts';
import { validated } from '../requests/validated.ts';
import { CreateToken, RegenerateToken } from './token.requests.ts';
import { daysOf, endAfter } from './token.rules.ts';
import { type TokenRow, tokenRow } from './token-rows.ts';
import { TokenQueries } from './tokens.query.ts';

/** Personal access tokens: made here, kept as hashes, known to every guard through `access.tokens`. */
@Injectable()
export class Tokens {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly queries: TokenQueries,
    private readonly access: AccessControl,
  ) {}

  /** A token of the app (`userId` null), or one that may do what both its scopes and the role of its user allow. */
  async create(
    body: unknown,
    app: AppScope,
    caller: Principal,
    userId: string | null,
  ): Promise<{ state: TokenState; clear: string }> {
    const request = await validated(CreateToken, body);
    if (request.appId === null && userId === null && appsOf(caller, 'administrator') !== null) {
      throw platformError('forbidden', 'only an administrator of all apps creates a token of all apps');
    }
    if (request.appId === null && caller.appId !== null) {
      throw platformError('forbidden', 'a token of one app cannot create one of all apps');
    }
    const now = Date.now();
    const state: TokenState = {
      id: newId(now),
      number: await nextNumber(this.pool, 'token'),
      appId: request.appId === null ? null : app.id,
      userId,
      note: request.note ?? '',
      scopes: [...new Set(request.scopes)],
      expiresAt: endAfter(request.expiration ?? null, now),
      createdAt: new Date(now).toISOString(),
    };
    const clear = newToken('sluice_pat');
    await this.grant({ state, streamVersion: 0, bootstrap: false, revoked: false }, hashToken(clear), actorOf(caller));
    return { state, clear };
  }

  /** A new token of the same id and rights; the one before ends at once. The life starts anew. */
  async regenerate(
    find: () => Promise<TokenRow>,
    body: unknown,
    caller: Principal,
    ifMatch?: string,
  ): Promise<Changed<{ state: TokenState; clear: string }>> {
    const request = await validated(RegenerateToken, body ?? {});
    return this.changes.deciding(ifMatch, async () => {
      const row = await find();
      requireMatch(ifMatch, row.streamVersion);
      if (row.bootstrap) throw registryError('token_of_operator', 'it is changed by setting SLUICE_ADMIN_TOKEN');
      const now = Date.now();
      const days = request.expiration === undefined ? daysOf(row.state) : request.expiration;
      const state = { ...row.state, expiresAt: endAfter(days, now), regeneratedAt: new Date(now).toISOString() };
      const clear = newToken('sluice_pat');
      await this.commitGrant({ ...row, state }, hashToken(clear), actorOf(caller), 'TokenRegenerated');
      const propagating = await this.changes.isAccessPropagating();
      return { value: { state, clear }, streamVersion: row.streamVersion + 1, propagating };
    });
  }

  /** What a user has left behind, after the user was deleted; none of it works any more in any case. */
  async revokeAllOf(userId: string, actor: Actor): Promise<void> {
    for (const row of await this.queries.ofUser(userId)) {
      try {
        await this.commitRevocation(row, actor);
      } catch (error) {
        // Somebody revoked it just now.
        if (!(error instanceof VersionConflictError)) throw error;
      }
    }
  }

  /** Works nowhere any more when it resolves, unless it says that this is still propagating. */
  revoke(id: string, app: AppScope, caller: Principal, ifMatch?: string): Promise<{ propagating: boolean }> {
    return this.changes.deciding(ifMatch, async () => {
      const row = await this.get(id, app);
      requireMatch(ifMatch, row.streamVersion);
      await this.commitRevocation(row, actorOf(caller));
      return { propagating: await this.changes.isAccessPropagating() };
    });
  }

  /** @throws AppError 404 when there is no such live token as far as the caller may see. */
  async get(id: string, app: AppScope): Promise<TokenRow> {
    const row = isUuid(id) ? await this.queries.byId(id) : null;
    if (!row || row.revoked || !app.sees(row.state.appId)) throw platformError('not_found', 'there is no such token');
    return row;
  }

  /** @throws VersionConflictError when the token was granted or revoked meanwhile. */
  async grant(row: TokenRow, sha256: string, actor: Actor): Promise<void> {
    await this.commitGrant(row, sha256, actor, 'TokenCreated');
    await this.access.refresh();
  }

  /** @throws VersionConflictError when the token was granted or revoked meanwhile. */
  async revokeRow(row: TokenRow, actor: Actor): Promise<void> {
    await this.commitRevocation(row, actor);
    await this.access.refresh();
  }

  private async commitGrant(
    row: TokenRow,
    sha256: string,
    actor: Actor,
    type: 'TokenCreated' | 'TokenRegenerated',
  ): Promise<void> {
    const { state } = row;
    const grant = {
      tokenId: state.id,
      sha256,
      kind: 'personal' as const,
      appId: state.appId,
      userId: state.userId,
      triggerId: null,
      scopes: state.scopes,
      expiresAt: state.expiresAt,
    };
    await this.commit({ ...row, revoked: false }, type, actor, grantAccess([grant]));
  }

  private async commitRevocation(row: TokenRow, actor: Actor): Promise<void> {
    await this.commit({ ...row, revoked: true }, 'TokenRevoked', actor, revokeAccess([row.state.id]));
  }

  private async commit(
    row: TokenRow,
    type: 'TokenCreated' | 'TokenRegenerated' | 'TokenRevoked',
    actor: Actor,
    access: ReturnType<typeof revokeAccess>,
  ): Promise<void> {
    const event: RegistryEvent = { type, data: { token: row.state } };
    await this.changes.commit({
      streamId: row.state.id,
      expectedVersion: row.streamVersion,
      appId: row.state.appId,
      actor,
      events: [event],
      alongside: [tokenRow({ ...row, streamVersion: row.streamVersion + 1 }), access],
    });
  }
}
