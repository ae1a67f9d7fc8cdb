import { Injectable } from '@nestjs/common';
import { DEFAULT_APP_ID, DEFAULT_APP_NAME, nameApp } from '@sluice/access';
import { type AppCreated, newId } from '@sluice/contracts';
import { AlongsideConflictError, VersionConflictError } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, ChangeLog, SYSTEM } from '../changes/change-log.ts';
import { nextNumber } from '../changes/numbers.ts';
import { registryError } from '../registry.errors.ts';
import { type Page, type PageQuery, pageOf, windowOf } from '../requests/page.requests.ts';
import { appRow } from './app-rows.ts';

/** The apps of a deployment: units of isolation. */
@Injectable()
export class Apps {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
  ) {}

  async create(name: string, actor: Actor, id: string = newId()): Promise<AppCreated> {
    const environmentId = await nextNumber(this.pool, 'environment');
    const app: AppCreated = { id, name, environmentId, createdAt: new Date().toISOString() };
    try {
      await this.changes.commit({
        streamId: id,
        expectedVersion: 0,
        appId: id,
        actor,
        events: [{ type: 'AppCreated', data: { app } }],
        alongside: [appRow(app, 1), nameApp(id, name)],
      });
    } catch (error) {
      if (!(error instanceof AlongsideConflictError)) throw error;
      throw registryError('name_taken', `there is an app named ${JSON.stringify(name)} already`, {
        errors: [{ pointer: '/name', message: 'is taken by another app' }],
        cause: error,
      });
    }
    return app;
  }

  /** The app that every deployment has; safe at every start, also of several processes at once. */
  async ensureDefault(): Promise<void> {
    const { rowCount } = await this.pool.query('select 1 from registry.apps where id = $1', [DEFAULT_APP_ID]);
    if (rowCount) return;
    try {
      await this.create(DEFAULT_APP_NAME, SYSTEM, DEFAULT_APP_ID);
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }

  async find(id: string): Promise<AppCreated | null> {
    const { rows } = await this.pool.query<{ state: string }>('select state from registry.apps where id = $1', [id]);
    return rows[0] ? (JSON.parse(rows[0].state) as AppCreated) : null;
  }

  async byNumber(environmentId: number): Promise<AppCreated | null> {
    const { rows } = await this.pool.query<{ state: string }>(
      'select state from registry.apps where environment_id = $1',
      [environmentId],
    );
    return rows[0] ? (JSON.parse(rows[0].state) as AppCreated) : null;
  }

  /** Newest first; `ids` limits the list to those apps. */
  async page(query: PageQuery, ids: readonly string[] | null): Promise<Page<AppCreated>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<{ state: string; environment_id: number }>(
      `select state, environment_id from registry.apps
       where environment_id < $1 and ($2::uuid[] is null or id = any($2)) order by environment_id desc limit $3`,
      [below, ids, limit + 1],
    );
    return pageOf(
      rows,
      limit,
      (row) => row.environment_id,
      (row) => JSON.parse(row.state) as AppCreated,
    );
  }
}
