import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DEFAULT_APP_ID, hashToken } from '@sluice/access';
import { derivedId, type TokenState } from '@sluice/contracts';
import { type EventStorePort, VersionConflictError } from '@sluice/event-store';
import { InjectPool, InjectSettings, InjectStore, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { Apps } from '../apps/apps.ts';
import { SYSTEM } from '../changes/change-log.ts';
import { nextNumber } from '../changes/numbers.ts';
import { Tokens } from '../tokens/tokens.ts';
import { TokenQueries } from '../tokens/tokens.query.ts';

const log = new Logger('registry');
const NOTE = 'SLUICE_ADMIN_TOKEN';

/**
 * What has to be there before anybody can manage anything (RG-07): the default app, and the token that the operator
 * gave. Runs at every start of every replica and changes nothing when all is as it should be.
 */
@Injectable()
export class FirstStart implements OnModuleInit {
  constructor(
    private readonly apps: Apps,
    private readonly tokens: Tokens,
    private readonly queries: TokenQueries,
    @InjectStore('registry') private readonly store: EventStorePort,
    @InjectPool('registry') private readonly pool: Pool,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.apps.ensureDefault();
    if (this.settings.adminToken !== null) await this.ensureAdminToken(this.settings.adminToken);
  }

  /** The given token works, and no token that was given at an earlier start does. */
  private async ensureAdminToken(token: string): Promise<void> {
    const sha256 = hashToken(token);
    const id = derivedId('admin-token', DEFAULT_APP_ID, sha256);
    try {
      await this.ensureGranted(id, sha256);
      for (const other of await this.queries.bootstrapped()) {
        if (other.state.id !== id) await this.tokens.revokeRow(other, SYSTEM);
      }
    } catch (error) {
      // Another replica is starting with the same settings and was faster.
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }

  private async ensureGranted(id: string, sha256: string): Promise<void> {
    const known = await this.queries.byId(id);
    if (known && !known.revoked) return;
    if (known && !(await this.wasReplaced(id))) {
      log.warn(`${NOTE} was revoked by a person and stays so: set another one`);
      return;
    }
    const state: TokenState = known?.state ?? {
      id,
      number: await nextNumber(this.pool, 'token'),
      appId: null,
      userId: null,
      note: NOTE,
      scopes: ['admin'],
      expiresAt: null,
      createdAt: new Date().toISOString(),
    };
    await this.tokens.grant(
      { state, streamVersion: known?.streamVersion ?? 0, bootstrap: true, revoked: false },
      sha256,
      SYSTEM,
    );
  }

  /** Whether it was revoked because another token was given, rather than by a person. */
  private async wasReplaced(id: string): Promise<boolean> {
    const last = (await this.store.read(id)).at(-1);
    return last?.meta.actor?.type === SYSTEM.type;
  }
}
