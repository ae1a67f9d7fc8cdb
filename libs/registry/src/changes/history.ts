import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import { isUuid } from '@sluice/contracts';
import type { EventMeta } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type PageQuery, pageOf, windowOf } from '../requests/page.requests.ts';
import { isJsonObject, type JsonObject } from '../requests/validated.ts';
import { differences } from './difference.rules.ts';
import { type HistoryItem, HistoryPage } from './history.responses.ts';

export { HistoryPage };

export interface RecordedChange {
  version: number;
  type: string;
  app_id: string | null;
  data: string;
  meta: string;
  occurred_at: Date;
}

type Kind = 'App' | 'Endpoint' | 'EventType' | 'Flow' | 'Secret' | 'Token' | 'Trigger' | 'User';

const COLUMNS = 'version, type, app_id, data, meta, occurred_at';

/** Who changed what and when (RG-03), straight from a resource's stream; also of what was deleted since. */
@Injectable()
export class History {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  /** @throws AppError 404 when nothing of that kind has the id, or it belongs to an app that the caller does not see. */
  async page(kind: Kind, id: string, app: Pick<AppScope, 'sees'>, query: PageQuery): Promise<HistoryPage> {
    const { below, limit } = windowOf(query);
    const events = isUuid(id) ? await this.newest(id.toLowerCase(), below, limit + 1) : [];
    const last = events[0];
    if (last ? !last.type.startsWith(kind) || !app.sees(last.app_id) : !(await this.isOf(kind, id, app))) {
      throw platformError('not_found', `there is no such ${kind.toLowerCase()}`);
    }
    const oldestFirst = events.slice(0, limit).reverse();
    const before = await this.before(id, oldestFirst[0]?.version ?? 1);
    const page = pageOf(
      [...describeHistory(before, oldestFirst), ...events.slice(limit).map(itemWithoutChanges)],
      limit,
      (item) => item.version,
      (item) => item,
    );
    return { ...page, items: await this.withNames(page.items) };
  }

  private async newest(id: string, below: number, count: number): Promise<RecordedChange[]> {
    const { rows } = await this.pool.query<RecordedChange>(
      `select ${COLUMNS} from registry.events where stream_id = $1 and version < $2 order by version desc limit $3`,
      [id, below, count],
    );
    return rows;
  }

  /** A page beyond the last one is empty; one of something else does not exist. */
  private async isOf(kind: Kind, id: string, app: Pick<AppScope, 'sees'>): Promise<boolean> {
    const [any] = isUuid(id) ? await this.newest(id.toLowerCase(), 2 ** 31 - 1, 1) : [];
    return any !== undefined && any.type.startsWith(kind) && app.sees(any.app_id);
  }

  /**
   * The state before a version. A resource's stream may be long and its states big, so only the event before is read and
   * the last one that carried all of it: publishing a flow, say, does not repeat its definition.
   */
  private async before(id: string, version: number): Promise<JsonObject> {
    if (version <= 1) return {};
    const { rows } = await this.pool.query<RecordedChange>(
      `(select ${COLUMNS} from registry.events where stream_id = $1 and version < $2
          and type ~ '(Created|Updated)$' order by version desc limit 1)
       union all
       (select ${COLUMNS} from registry.events where stream_id = $1 and version < $2 order by version desc limit 1)`,
      [id, version],
    );
    return Object.assign({}, ...rows.map((row) => stateOf(row.data)));
  }

  private async withNames(items: readonly HistoryItem[]): Promise<HistoryItem[]> {
    const ids = [...new Set(items.map(({ actor }) => actor.id))].filter(isUuid);
    const { rows } = await this.pool.query<{ id: string; name: string }>(
      `select id, state::json ->> 'name' as name from registry.users where id = any($1::uuid[])
       union all select id, state::json ->> 'note' from registry.tokens where id = any($1::uuid[])`,
      [ids],
    );
    const names = new Map(rows.map(({ id, name }) => [id, name]));
    return items.map((item) => {
      const name = names.get(item.actor.id);
      return name ? { ...item, actor: { ...item.actor, name } } : item;
    });
  }
}

/** Newest first, each compared with the one before. */
export function describeHistory(before: JsonObject, events: readonly RecordedChange[]): HistoryItem[] {
  let known = before;
  const items = events.map((event): HistoryItem => {
    const next = { ...known, ...stateOf(event.data) };
    const { changes, omitted } = differences(known, next);
    known = next;
    const changed = [...new Set(changes.map(({ pointer }) => pointer.split('/')[1] ?? ''))].sort();
    return { ...itemWithoutChanges(event), changed, changes, omitted };
  });
  return items.reverse();
}

function itemWithoutChanges(event: RecordedChange): HistoryItem {
  const { actor = { type: 'system', id: 'unknown' } } = JSON.parse(event.meta) as EventMeta;
  const { version, type, occurred_at } = event;
  return { version, type, at: occurred_at.toISOString(), actor, changed: [], changes: [], omitted: 0 };
}

/** `{flow: {…}, definition: {…}}` as one object of fields. */
function stateOf(data: string): JsonObject {
  const parsed: unknown = JSON.parse(data);
  return isJsonObject(parsed) ? Object.assign({}, ...Object.values(parsed).filter(isJsonObject)) : {};
}
