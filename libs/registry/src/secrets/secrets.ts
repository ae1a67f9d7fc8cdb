import { Injectable } from '@nestjs/common';
import { derivedId, newId, type SecretState } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, ChangeLog, requireMatch, requireNoneMatch } from '../changes/change-log.ts';
import { namedPageOf, namedWindowOf, type Page, type PageQuery } from '../requests/page.requests.ts';
import { invalidRequest } from '../requests/validated.ts';
import { Sealing } from '../sealing/sealing.ts';
import { emptyPlan, planField, type SealingPlan } from '../sealing/sealing.decider.ts';

export interface FoundSecret {
  state: SecretState;
  streamVersion: number;
  deleted: boolean;
}

const UPSERT: AlongsideStatement = {
  name: 'registry_secret',
  columns: ['uuid', 'uuid', 'text', 'uuid', 'int4', 'text', 'int4', 'bool'],
  sql: (arrays) => `insert into registry.secrets
      (id, app_id, name, sealed_id, sealed_version, state, stream_version, deleted)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set sealed_id = excluded.sealed_id, sealed_version = excluded.sealed_version,
      state = excluded.state, stream_version = excluded.stream_version, deleted = excluded.deleted`,
};

/** As templates name it: `secrets.name`. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;

/** An app's secrets: written and replaced, never read back; flows get them when they send a request. */
@Injectable()
export class Secrets {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly sealing: Sealing,
  ) {}

  async save(
    appId: string,
    name: string,
    value: string,
    actor: Actor,
    ifMatch?: string,
    ifNoneMatch?: string,
  ): Promise<{ state: SecretState; streamVersion: number; isNew: boolean }> {
    if (!NAME.test(name)) {
      throw invalidRequest([{ pointer: '/name', message: 'must be letters, digits and _, at most 100 characters' }]);
    }
    return this.changes.deciding(ifMatch, async () => {
      const before = await this.find(appId, name);
      const live = before && !before.deleted ? before.state : null;
      // RFC 9110 §13.1.1: what does not exist matches nothing, not even `*`.
      if (ifMatch !== undefined) requireMatch(live ? ifMatch : 'none', before?.streamVersion ?? 0);
      if (live) requireNoneMatch(ifNoneMatch, before?.streamVersion ?? 0);
      const plan = emptyPlan();
      const ref = planField(live?.value ?? null, value, newId, plan);
      if (!ref) throw new Error('a secret without a value got past validation');
      const now = new Date().toISOString();
      const state: SecretState = { appId, name, value: ref, createdAt: live?.createdAt ?? now, updatedAt: now };
      await this.commit('SecretSaved', state, before?.streamVersion ?? 0, plan, actor);
      return { state, streamVersion: (before?.streamVersion ?? 0) + 1, isNew: live === null };
    });
  }

  async delete(appId: string, name: string, actor: Actor, ifMatch?: string): Promise<void> {
    await this.changes.deciding(ifMatch, async () => {
      const secret = await this.get(appId, name);
      requireMatch(ifMatch, secret.streamVersion);
      const plan = emptyPlan();
      planField(secret.state.value, null, newId, plan);
      const state = { ...secret.state, updatedAt: new Date().toISOString() };
      await this.commit('SecretDeleted', state, secret.streamVersion, plan, actor);
    });
  }

  /** @throws AppError 404 when the app has no such secret. */
  async get(appId: string, name: string): Promise<FoundSecret> {
    const secret = await this.find(appId, name);
    if (!secret || secret.deleted) throw platformError('not_found', 'there is no such secret');
    return secret;
  }

  /** In the order of their names. */
  async page(appId: string, query: PageQuery): Promise<Page<SecretState>> {
    const { after, limit } = namedWindowOf(query);
    const { rows } = await this.pool.query<{ state: string }>(
      `select state from registry.secrets where app_id = $1 and not deleted and ($2::text is null or name > $2)
       order by name limit $3`,
      [appId, after, limit + 1],
    );
    return namedPageOf(
      rows.map((row) => JSON.parse(row.state) as SecretState),
      limit,
      (state) => state.name,
    );
  }

  private async find(appId: string, name: string): Promise<FoundSecret | null> {
    if (!NAME.test(name)) return null;
    const { rows } = await this.pool.query<{ state: string; stream_version: number; deleted: boolean }>(
      'select state, stream_version, deleted from registry.secrets where app_id = $1 and name = $2',
      [appId, name],
    );
    const row = rows[0];
    if (!row) return null;
    return { state: JSON.parse(row.state) as SecretState, streamVersion: row.stream_version, deleted: row.deleted };
  }

  private async commit(
    type: 'SecretSaved' | 'SecretDeleted',
    state: SecretState,
    expectedVersion: number,
    plan: SealingPlan,
    actor: Actor,
  ): Promise<void> {
    const id = secretIdOf(state.appId, state.name);
    const alone = this.sealing.inTransaction(plan, `secret/${state.appId}/${state.name}`);
    await this.changes.commit({
      streamId: id,
      expectedVersion,
      appId: state.appId,
      actor,
      events: [{ type, data: { secret: state } }],
      alongside: [secretRow(id, state, expectedVersion + 1, type === 'SecretDeleted')],
      ...(alone ? { alone } : {}),
    });
    this.sealing.retireSoon(plan);
  }
}

/** The stream of a secret: its name is its identity. */
export function secretIdOf(appId: string, name: string): string {
  return derivedId('secret', appId, name);
}

function secretRow(id: string, state: SecretState, streamVersion: number, deleted: boolean): Alongside {
  const { appId, name, value } = state;
  const row = [id, appId, name, value.id, value.version, JSON.stringify(state), streamVersion, deleted];
  return { statement: UPSERT, rows: [row] };
}
