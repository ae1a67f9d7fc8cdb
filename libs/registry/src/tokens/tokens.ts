import { Injectable } from '@nestjs/common';
import {
  AccessControl,
  type AppScope,
  grantAccess,
  hashToken,
  newToken,
  type Principal,
  revokeAccess,
} from '@sluice/access';
import { isUuid, newId, type TokenState } from '@sluice/contracts';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, actorOf, ChangeLog } from '../changes/change-log.ts';
import { nextNumber } from '../changes/numbers.ts';
import type { RegistryEvent } from '../changes/registry-event.ts';
import { validated } from '../requests/validated.ts';
import { CreateToken } from './token.requests.ts';
import { type TokenRow, tokenRow } from './token-rows.ts';
import { TokenQueries } from './tokens.query.ts';

const DAY_MS = 86_400_000;

/** Personal access tokens: made here, kept as hashes, known to every guard through `access.tokens`. */
@Injectable()
export class Tokens {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly queries: TokenQueries,
    private readonly access: AccessControl,
  ) {}

  async create(body: unknown, app: AppScope, caller: Principal): Promise<{ state: TokenState; clear: string }> {
    const request = await validated(CreateToken, body);
    if (request.appId === null && app.only !== null) {
      throw platformError('forbidden', 'a token of one app cannot create one of all apps');
    }
    const clear = newToken('sluice_pat');
    const now = Date.now();
    const days = request.expiration ?? null;
    const state: TokenState = {
      id: newId(now),
      number: await nextNumber(this.pool, 'token'),
      appId: request.appId === null ? null : app.id,
      userId: caller.userId,
      note: request.note ?? '',
      scopes: [...new Set(request.scopes)],
      expiresAt: days === null ? null : new Date(now + days * DAY_MS).toISOString(),
      createdAt: new Date(now).toISOString(),
    };
    await this.grant({ state, streamVersion: 0, bootstrap: false, revoked: false }, hashToken(clear), actorOf(caller));
    return { state, clear };
  }

  revoke(id: string, app: AppScope, caller: Principal): Promise<void> {
    return this.changes.deciding(undefined, async () => this.revokeRow(await this.get(id, app), actorOf(caller)));
  }

  /** @throws AppError 404 when there is no such live token as far as the caller may see. */
  async get(id: string, app: AppScope): Promise<TokenRow> {
    const row = isUuid(id) ? await this.queries.byId(id) : null;
    if (!row || row.revoked || !app.sees(row.state.appId)) throw platformError('not_found', 'there is no such token');
    return row;
  }

  /** @throws VersionConflictError when the token was granted or revoked meanwhile. */
  async grant(row: TokenRow, sha256: string, actor: Actor): Promise<void> {
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
    await this.commit({ ...row, revoked: false }, 'TokenCreated', actor, grantAccess([grant]));
  }

  async revokeRow(row: TokenRow, actor: Actor): Promise<void> {
    await this.commit({ ...row, revoked: true }, 'TokenRevoked', actor, revokeAccess([row.state.id]));
  }

  private async commit(
    row: TokenRow,
    type: 'TokenCreated' | 'TokenRevoked',
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
    await this.access.refresh();
  }
}
