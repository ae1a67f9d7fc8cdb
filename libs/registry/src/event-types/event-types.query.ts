import { Injectable } from '@nestjs/common';
import { BUILT_IN_EVENT_TYPES, type EventTypeState } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import {
  namedPageOf,
  namedWindowOf,
  type Page,
  type PageQuery,
  pageOf,
  type SearchQuery,
  windowOf,
} from '../requests/page.requests.ts';
import type { StoredEventType } from './event-type.decider.ts';
import { builtInViewOf, type EventTypeVersion, type EventTypeView, eventTypeViewOf } from './event-type.responses.ts';

interface EventTypeRecord {
  state: string;
  stream_version: number;
  deleted: boolean;
}

interface VersionRecord {
  version: number;
  schema: string;
  saved_at: Date;
  saved_by: string;
}

const VERSIONS =
  'select version, schema, saved_at, saved_by from registry.event_type_versions where event_type_id = $1';

@Injectable()
export class EventTypeQueries {
  constructor(@InjectPool('registry') private readonly pool: Pool) {}

  async byName(appId: string, name: string): Promise<StoredEventType | null> {
    const { rows } = await this.pool.query<EventTypeRecord>(
      'select state, stream_version, deleted from registry.event_types where app_id = $1 and name = $2',
      [appId, name],
    );
    return rows[0] ? storedOf(rows[0]) : null;
  }

  /** The app's own, in the order of their names. */
  async ownOf(appId: string, limit: number): Promise<StoredEventType[]> {
    const { rows } = await this.pool.query<EventTypeRecord>(
      `select state, stream_version, deleted from registry.event_types where app_id = $1 and not deleted
       order by name limit $2`,
      [appId, limit],
    );
    return rows.map(storedOf);
  }

  /** The app's own and the built-in ones, in the order of their names. */
  async page(appId: string, query: SearchQuery): Promise<Page<EventTypeView>> {
    const { after, limit } = namedWindowOf(query);
    const sought = query.q?.toLowerCase() ?? '';
    const { rows } = await this.pool.query<{ state: string }>(
      `select state from registry.event_types where app_id = $1 and not deleted
         and ($2::text is null or name collate "C" > $2) and position($3 in lower(name)) > 0
       order by name collate "C" limit $4`,
      [appId, after, sought, limit + 1],
    );
    const own = rows.map((row) => eventTypeViewOf(JSON.parse(row.state) as EventTypeState));
    const builtIn = BUILT_IN_EVENT_TYPES.filter(
      ({ name }) => (after === null || name > after) && name.toLowerCase().includes(sought),
    ).map(builtInViewOf);
    const both = [...own, ...builtIn].sort((a, b) => (a.name < b.name ? -1 : 1));
    return namedPageOf(both.slice(0, limit + 1), limit, (item) => item.name);
  }

  async versions(id: string, query: PageQuery): Promise<Page<EventTypeVersion>> {
    const { below, limit } = windowOf(query);
    const { rows } = await this.pool.query<VersionRecord>(
      `${VERSIONS} and version < $2 order by version desc limit $3`,
      [id, below, limit + 1],
    );
    return pageOf(rows, limit, (row) => row.version, versionOf);
  }

  async version(id: string, version: number): Promise<EventTypeVersion | null> {
    const { rows } = await this.pool.query<VersionRecord>(`${VERSIONS} and version = $2`, [id, version]);
    return rows[0] ? versionOf(rows[0]) : null;
  }
}

function storedOf(row: EventTypeRecord): StoredEventType {
  return { state: JSON.parse(row.state) as EventTypeState, streamVersion: row.stream_version, deleted: row.deleted };
}

function versionOf(row: VersionRecord): EventTypeVersion {
  return {
    version: row.version,
    schema: JSON.parse(row.schema) as unknown,
    savedAt: row.saved_at.toISOString(),
    savedBy: row.saved_by,
  };
}
