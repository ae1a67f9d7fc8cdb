import { Injectable } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { EventStorePort, StoredEvent } from '@sluice/event-store';
import { InjectStore } from '@sluice/platform';
import { isJsonObject, type JsonObject } from '../requests/validated.ts';
import { type Page, type PageQuery, pageOf, windowOf } from '../requests/page.requests.ts';

/** One change of a resource. */
export class HistoryItem {
  @ApiProperty({ description: 'version of the resource after the change, as in its ETag' })
  version!: number;

  @ApiProperty()
  type!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'who did it: {type: token | user | system, id}' })
  actor!: { type: string; id: string };

  @ApiProperty({ description: 'the fields that differ from the version before' })
  changed!: string[];
}

export class HistoryPage {
  @ApiProperty({ type: [HistoryItem] })
  items!: HistoryItem[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** Says with every change, so they tell nothing. */
const ALWAYS_DIFFERENT = new Set(['updatedAt']);

/** Who changed what and when (RG-03), straight from a resource's stream. */
@Injectable()
export class History {
  constructor(@InjectStore('registry') private readonly store: EventStorePort) {}

  async page(streamId: string, query: PageQuery): Promise<Page<HistoryItem>> {
    const { below, limit } = windowOf(query);
    const events = await this.store.read(streamId);
    const items = describeHistory(events).filter((item) => item.version < below);
    return pageOf(
      items.slice(0, limit + 1),
      limit,
      (item) => item.version,
      (item) => item,
    );
  }
}

/** Newest first; shows which fields changed, never their values, because some are hashes of tokens. */
export function describeHistory(events: readonly StoredEvent[]): HistoryItem[] {
  let before: JsonObject = {};
  const items = events.map((event): HistoryItem => {
    const after = { ...before, ...stateOf(event.data) };
    const changed = Object.keys(after).filter(
      (field) => !ALWAYS_DIFFERENT.has(field) && JSON.stringify(after[field]) !== JSON.stringify(before[field]),
    );
    before = after;
    return {
      version: event.version,
      type: event.type,
      at: event.occurredAt.toISOString(),
      actor: event.meta.actor ?? { type: 'system', id: 'unknown' },
      changed: changed.sort(),
    };
  });
  return items.reverse();
}

/** `{flow: {…}, definition: {…}}` as one object of fields. */
function stateOf(data: unknown): JsonObject {
  return isJsonObject(data) ? Object.assign({}, ...Object.values(data).filter(isJsonObject)) : {};
}
