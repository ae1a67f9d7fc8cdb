import { Injectable } from '@nestjs/common';
import type { AppScope, Principal } from '@sluice/access';
import { actorOf } from '@sluice/access';
import type { AppCreated, TriggerState } from '@sluice/contracts';
import { readableJson } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { Apps } from '../apps/apps.ts';
import { Triggers } from '../triggers/triggers.ts';
import { webhookOf, webhookRequestOf } from './webhook.rules.ts';

type ListenerTrigger = TriggerState & { listener: NonNullable<TriggerState['listener']> };

/** A list is one answer in this vendor's API; past this number the rest is behind its `Link`. */
export const MAX_LISTED = 1_000;

export interface WebhookList {
  items: Record<string, unknown>[];
  /** The last one listed, when there are more. */
  after: string | null;
}

/** Triggers of profile `listener` as Lenra's clients make and see them (LN-01, LN-02, LN-09). */
@Injectable()
export class Webhooks {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly triggers: Triggers,
    private readonly apps: Apps,
  ) {}

  async create(body: unknown, scope: AppScope, caller: Principal): Promise<Record<string, unknown>> {
    const { name, field, props } = webhookRequestOf(body);
    const app = await this.apps.find(scope.id);
    if (!app) throw platformError('not_found', 'there is no such app');
    const listener = { name, field, userId: caller.userId };
    const request = { listener: name, name, profile: 'listener', props };
    const { value } = await this.triggers.create(request, scope, actorOf(caller), listener);
    const numbers = await this.userNumbers([caller.userId]);
    return webhookOf({ ...value.state, listener }, app, numbers.get(caller.userId ?? '') ?? null);
  }

  /** Oldest first; of an environment that the caller may not see there is nothing. */
  async list(
    scope: AppScope,
    environmentId: number,
    userNumber: number | null,
    after: string | null,
  ): Promise<WebhookList> {
    const app = await this.apps.byNumber(environmentId);
    if (!app || !scope.sees(app.id)) return { items: [], after: null };
    const userId = userNumber === null ? null : await this.userOf(userNumber);
    if (userNumber !== null && userId === null) return { items: [], after: null };
    const triggers = await this.read(app, userId, after);
    const shown = triggers.slice(0, MAX_LISTED);
    const numbers = await this.userNumbers(shown.map(({ listener }) => listener.userId));
    return {
      items: shown.map((each) => webhookOf(each, app, numbers.get(each.listener.userId ?? '') ?? null)),
      after: triggers.length > MAX_LISTED ? (shown.at(-1)?.id ?? null) : null,
    };
  }

  private async read(app: AppCreated, userId: string | null, after: string | null): Promise<ListenerTrigger[]> {
    const { rows } = await this.pool.query<{ state: string; listener: string | null }>(
      `select t.state, f.listener from registry.triggers t left join registry.flows f on f.id = t.flow_id
       where t.app_id = $1 and t.profile = 'listener' and not t.deleted
         and ($2::uuid is null or ${readableJson('t.state')} -> 'listener' ->> 'userId' = $2::text)
         and t.number > coalesce((select number from registry.triggers where id = $3), 0)
       order by t.number limit $4`,
      [app.id, userId, after, MAX_LISTED + 1],
    );
    return rows.map(({ state, listener }) => {
      const trigger = JSON.parse(state) as TriggerState;
      // One that was made by our own API: its listener is what its flow is called.
      const own = { name: listener ?? trigger.name, field: 'action' as const, userId: null };
      return { ...trigger, listener: trigger.listener ?? own };
    });
  }

  private async userNumbers(ids: readonly (string | null)[]): Promise<Map<string, number>> {
    const users = [...new Set(ids.filter((id) => id !== null))];
    if (users.length === 0) return new Map();
    const { rows } = await this.pool.query<{ id: string; number: number }>(
      'select id, number from registry.users where id = any($1::uuid[])',
      [users],
    );
    return new Map(rows.map((row) => [row.id, row.number]));
  }

  private async userOf(number: number): Promise<string | null> {
    const { rows } = await this.pool.query<{ id: string }>('select id from registry.users where number = $1', [number]);
    return rows[0]?.id ?? null;
  }
}
