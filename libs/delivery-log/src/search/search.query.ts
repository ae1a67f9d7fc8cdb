import { Injectable } from '@nestjs/common';
import { firstIdAt, timeOfId } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { decodeCursor, encodeCursor } from '../read-model/page.ts';
import { Where } from '../read-model/where.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { SearchItemsQuery } from './search-items.query.ts';
import { SEARCH_SOURCES, type SearchSource, type SourceName, sourcesOf } from './search-kinds.ts';
import { type Found, idBound, pageOf, type Place } from './search-place.rules.ts';
import { KINDS, type SearchItem, type SearchPage, type SearchQuery } from './search.requests.ts';

/** What cannot be answered by an index is looked for from the newest on, for so long in one answer. */
const BUDGET_MS = 500;
/** Rows that one statement looks at: some 10 to 60 ms. */
const CHUNK_ROWS = 4_000;
/** Searches of a process that run at a time: each holds a connection that the log's own writes need, too. */
const AT_A_TIME = 2;

interface ChunkRow {
  what: 'hit' | 'last' | 'end' | 'more';
  id: string;
  at: Date | null;
}

/** One table's part of a search while it goes on. */
interface Looking {
  source: SearchSource;
  query: SearchQuery;
  appId: string;
  floor: string | undefined;
}

/** LG-03: over requests, runs, events and deliveries, newest first. */
@Injectable()
export class SearchQueries {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    private readonly floors: AppFloors,
    private readonly shown: SearchItemsQuery,
  ) {}

  /** @param budgetMs how long what no index answers is looked for. @throws AppError `invalid_request` */
  async search(appId: string, query: SearchQuery, budgetMs = BUDGET_MS): Promise<SearchPage> {
    const from = decodeCursor(query.cursor);
    const start = from ? { ms: Date.parse(from.at), id: from.id } : null;
    const floor = await this.floors.of(appId);
    const kinds = query.kinds === undefined ? KINDS : KINDS.filter((kind) => query.kinds?.split(',').includes(kind));
    return this.#inTurn(async () => {
      const untilMs = performance.now() + budgetMs;
      const found: Found[] = [];
      const sourceOf = new Map<Place, SourceName>();
      const sources = sourcesOf(kinds);
      for (const [index, source] of sources.entries()) {
        const share = performance.now() + (untilMs - performance.now()) / (sources.length - index);
        const looking = { source: SEARCH_SOURCES[source], query, appId, floor };
        const part = await this.#look(looking, start, query.limit + 1, share);
        for (const place of part.places) sourceOf.set(place, source);
        found.push(part);
      }
      const { places, next, isCut } = pageOf(found, query.limit);
      return {
        items: await this.#itemsOf(places, sourceOf),
        nextCursor: next && encodeCursor({ at: new Date(next.ms).toISOString(), id: next.id }),
        searchedUntil: isCut && next ? new Date(next.ms).toISOString() : null,
      };
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_A_TIME) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Chunk by chunk from the place on, until there are enough, there is nothing left, or the time is over. */
  async #look(looking: Looking, start: Place | null, wanted: number, untilMs: number): Promise<Found> {
    const places: Place[] = [];
    let from = start;
    for (;;) {
      const rows = await this.#chunk(looking, from, wanted - places.length);
      if (rows === null) return { places, reached: null };
      const at = (row: ChunkRow): Place => ({ ms: row.at?.getTime() ?? timeOfId(row.id), id: row.id });
      places.push(...rows.filter(({ what }) => what === 'hit').map(at));
      if (places.length >= wanted || rows.some(({ what }) => what === 'end')) return { places, reached: null };
      const last = rows.find(({ what }) => what === 'last');
      if (!last) return { places, reached: null };
      from = at(last);
      if (performance.now() >= untilMs) return { places, reached: from };
    }
  }

  /** @returns null when the query finds nothing there. */
  async #chunk(looking: Looking, from: Place | null, wanted: number): Promise<ChunkRow[] | null> {
    const { source, query, appId, floor } = looking;
    const where = new Where().add('t.app_id = ?', appId).addIf('t.id >= ?', floor).addIf('t.id = ?', query.id);
    if (!source.narrow(where, query)) return null;
    addTimes(where, source, query, from);
    const tests = source.tests(where, query);
    const rows = tests.length === 0 ? wanted : CHUNK_ROWS;
    const order = source.byCreation ? 't.created_at desc, t.id desc' : 't.id desc';
    const result = await this.pool.query<ChunkRow>(
      `with chunk as materialized (
         select t.id, ${source.byCreation ? 't.created_at' : 'null::timestamptz'} as at,
           row_number() over () as place, (${tests.length === 0 ? 'true' : tests.join(' and ')}) as hit
         from (select t.* from delivery_log.${source.table} t ${where.sql} order by ${order} limit ${rows}) t)
       select * from (select 'hit' as what, id, at from chunk where hit order by place limit ${wanted}) h
       union all select * from (select 'last', id, at from chunk order by place desc limit 1) l
       union all select case when count(*) < ${rows} then 'end' else 'more' end, null, null from chunk`,
      where.values,
    );
    return result.rows;
  }

  async #itemsOf(places: readonly Place[], sourceOf: ReadonlyMap<Place, SourceName>): Promise<SearchItem[]> {
    const bySource = Map.groupBy(places, (place) => sourceOf.get(place) as SourceName);
    const shown = new Map<Place, SearchItem>();
    for (const [source, its] of bySource) {
      const items = await this.shown.of(
        source,
        its.map(({ id }) => id),
      );
      for (const place of its) {
        const { kind } = SEARCH_SOURCES[source];
        const item = items.get(place.id);
        if (item) shown.set(place, { kind, id: place.id, at: new Date(place.ms).toISOString(), ...item });
      }
    }
    return places.flatMap((place) => shown.get(place) ?? []);
  }
}

const LAST_MS = 2 ** 48 - 1;
const inIds = (ms: number): number => Math.min(Math.max(0, ms), LAST_MS);

/** The range of time and the place to go on from, as bounds of what the index is ordered by. */
function addTimes(where: Where, { byCreation }: SearchSource, query: SearchQuery, from: Place | null): void {
  if (byCreation) {
    where.between('t.created_at', query);
    if (from) where.before('t.created_at, t.id', { at: new Date(from.ms).toISOString(), id: from.id });
    return;
  }
  if (query.since) where.add('t.id >= ?', firstIdAt(inIds(Date.parse(query.since))));
  if (query.until) where.add('t.id < ?', firstIdAt(inIds(Date.parse(query.until))));
  if (from) where.add('t.id < ?', idBound(from));
}
