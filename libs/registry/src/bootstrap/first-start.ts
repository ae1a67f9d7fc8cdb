import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DEFAULT_APP_ID, hashToken } from '@sluice/access';
import { AppError, derivedId, type TokenState } from '@sluice/contracts';
import { type EventStorePort, VersionConflictError } from '@sluice/event-store';
import { InjectPool, InjectSettings, InjectStore, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { Apps } from '../apps/apps.ts';
import { SYSTEM } from '../changes/change-log.ts';
import { nextNumber } from '../changes/numbers.ts';
import { Tokens } from '../tokens/tokens.ts';
import { TokenQueries } from '../tokens/tokens.query.ts';
import { emailOf, passwordProblem } from '../users/user.rules.ts';
import { Users } from '../users/users.ts';
import { UserQueries } from '../users/users.query.ts';

const log = new Logger('registry');
const NOTE = 'SLUICE_ADMIN_TOKEN';

/**
 * What has to be there before anybody can manage anything (RG-07): the default app, and the token and the user
 * that the operator gave. Runs at every start of every replica and changes nothing when all is as it should be.
 */
@Injectable()
export class FirstStart implements OnModuleInit {
  constructor(
    private readonly apps: Apps,
    private readonly tokens: Tokens,
    private readonly queries: TokenQueries,
    private readonly users: UserQueries,
    private readonly people: Users,
    @InjectStore('registry') private readonly store: EventStorePort,
    @InjectPool('registry') private readonly pool: Pool,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.apps.ensureDefault();
    const { adminToken, adminEmail, adminPassword } = this.settings;
    if (adminToken !== null) await this.ensureAdminToken(adminToken);
    if (adminEmail !== null && adminPassword !== null) await this.ensureAdministrator(adminEmail, adminPassword);
  }

  /**
   * Somebody signs in with the given address. Who is there already is left alone, whatever the settings say: the password
   * may have been changed since.
   */
  private async ensureAdministrator(given: string, password: string): Promise<void> {
    const email = emailOf(given);
    const problem = email === null ? null : passwordProblem(password, email);
    if (email === null || problem !== null) {
      log.warn(email === null ? 'SLUICE_ADMIN_EMAIL is no e-mail address' : `SLUICE_ADMIN_PASSWORD ${String(problem)}`);
      return;
    }
    const id = derivedId('admin-user', DEFAULT_APP_ID, email);
    const known = await this.users.byId(id);
    if (known?.deleted)
      log.warn('the user of SLUICE_ADMIN_EMAIL was deleted by a person and stays so: set another one');
    if (known || (await this.users.byEmail(email))) return;
    const roles = [{ appId: null, role: 'administrator' as const }];
    try {
      await this.people.add({ id, email, name: 'Administrator', password, roles }, SYSTEM);
    } catch (error) {
      // Another replica is starting with the same settings and was faster.
      if (!(error instanceof VersionConflictError) && !isEmailTaken(error)) throw error;
    }
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

function isEmailTaken(error: unknown): boolean {
  return error instanceof AppError && error.code === 'email_taken';
}
