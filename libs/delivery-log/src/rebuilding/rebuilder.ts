import type { Topic } from '@sluice/contracts';
import { type Alongside, formatPosition, parsePosition, type Position, type StoredEvent } from '@sluice/event-store';
import { failpoint } from '@sluice/platform';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { oneStatement } from '../read-model/one-statement.ts';
import { topicWrites } from '../read-model/topic-writes.ts';
import { BEGINNING, TopicTables } from '../topics/topic-tables.ts';
import { DroppedDays } from '../retention/dropped-days.ts';
import { EndpointRing } from '../retention/endpoint-ring.ts';
import { keepRows } from '../retention/kept-rows.ts';
import { AppliedPositions } from './applied-positions.ts';
import { type Projection, tableOfStatement, tablesOf, topicsOf } from './projections.ts';
import { SHADOW, ShadowTables } from './shadow-tables.ts';

const BATCH = 400;
/** Of the tail that is applied while the live tables are locked; more is read before, and the lock taken again. */
const MAX_LOCKED_BATCHES = 10;
/** The share of its time that a rebuild rests: the live models, and whoever is being accepted, go first. */
const REST = 0.5;
const BEHIND_MS = 200;
const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';

/** One rebuild as it stands in its table. */
export interface RunningRebuild {
  id: string;
  projection: Projection;
  /** JSON: position by topic; empty before the tables were made. */
  positions: string;
  /** It shall end instead. */
  isCancelled?: boolean;
}

/** Where the progress goes with each batch: refused when another process has taken the rebuild over, or it was cancelled. */
function progress(id: string, owner: string, positions: string, events: number): Alongside {
  return {
    statement: {
      name: 'delivery_log.rebuild_progress',
      columns: ['uuid', 'text', 'text', 'int8'],
      sql: (arrays) => `update delivery_log.rebuilds r set renewed_at = now(), events = r.events + u.events,
          positions = case when r.owner = u.owner and r.state = 'running' and not r.cancel_asked then u.positions end
        from unnest(${arrays.join(', ')}) as u(id, owner, positions, events) where r.id = u.id`,
    },
    rows: [[id, owner, positions, events]],
  };
}

/** LG-05: builds a read model from the event tables beside the live one, and swaps them. */
export class Rebuilder {
  readonly #tables: TopicTables;
  readonly #shadow: ShadowTables;
  readonly #names: ReadonlySet<string>;
  #positions: Record<string, string>;
  #isKept = false;

  constructor(
    private readonly pool: Pool,
    private readonly rebuild: RunningRebuild,
    private readonly owner: string,
    private readonly signal: AbortSignal,
  ) {
    this.#tables = new TopicTables(pool);
    this.#names = new Set(tablesOf(rebuild.projection));
    this.#shadow = new ShadowTables(pool, tablesOf(rebuild.projection));
    this.#positions = JSON.parse(rebuild.positions) as Record<string, string>;
  }

  /** Resolves when it is swapped in. @throws the reason of the signal when it was stopped: it goes on from there later. */
  async run(): Promise<void> {
    if (Object.keys(this.#positions).length === 0) await this.#begin();
    for (;;) {
      const isLevel = await this.#fill();
      if (isLevel) await this.#keep();
      if (isLevel && (await this.#swap())) return;
      await this.#pause(BEHIND_MS);
    }
  }

  async #begin(): Promise<void> {
    await this.#write(this.pool, [], 0); // refused when it is another process's by now
    await this.#shadow.create();
    for (const topic of topicsOf(this.rebuild.projection)) this.#positions[topic] = formatPosition(BEGINNING);
    await this.#write(this.pool, [], 0);
  }

  /** Reads each topic as far as the live models hold it. True when nothing much was left. */
  async #fill(): Promise<boolean> {
    let isLevel = true;
    for (const topic of topicsOf(this.rebuild.projection)) {
      for (;;) {
        const startedAtMs = performance.now();
        const events = await this.#tables.readAfter(topic, this.#position(topic), BATCH);
        const applied = await AppliedPositions.read(this.pool, topic);
        const end = events.findIndex((event) => !applied.has(event));
        const batch = end < 0 ? events : events.slice(0, end);
        await this.#apply(this.pool, topic, batch);
        if (batch.length < BATCH) {
          isLevel &&= events.length < BATCH;
          break;
        }
        await this.#pause((performance.now() - startedAtMs) * (REST / (1 - REST)));
      }
    }
    return isLevel;
  }

  /** What stays longer than its events (ET-09): once, when it is level; nothing old is added to the live one after that. */
  async #keep(): Promise<void> {
    if (this.#isKept) return;
    if (this.#names.has('deliveries'))
      await new EndpointRing(this.pool).rescueMissing(SHADOW, () => this.#write(this.pool, [], 0));
    await keepRows(this.pool, SHADOW, this.#names);
    this.#isKept = true;
  }

  #position(topic: Topic): Position {
    return parsePosition(this.#positions[topic] as string);
  }

  async #apply(db: Pool | PoolClient, topic: Topic, events: readonly StoredEvent[]): Promise<void> {
    if (events.length === 0) return;
    const dropped = await DroppedDays.read(db);
    for (const part of dropped.parts(events)) await this.#applyPart(db, topic, part, dropped);
    failpoint('delivery-log.rebuild-batch');
  }

  async #applyPart(
    db: Pool | PoolClient,
    topic: Topic,
    events: readonly StoredEvent[],
    dropped: DroppedDays,
  ): Promise<void> {
    const [first, last] = [events[0] as StoredEvent, events.at(-1) as StoredEvent];
    const writes = topicWrites(topic, events).flatMap(({ statement, rows }) => {
      const table = tableOfStatement(statement.name);
      if (!this.#names.has(table)) return [];
      const isDropped = dropped.of(table, first.occurredAt);
      return [{ statement, rows: isDropped === null ? rows : rows.filter((row) => !isDropped(row)) }];
    });
    this.#positions[topic] = formatPosition(last.position);
    await this.#write(db, writes.map(intoShadow), events.length);
  }

  async #write(db: Pool | PoolClient, writes: readonly Alongside[], events: number): Promise<void> {
    this.signal.throwIfAborted();
    const { id } = this.rebuild;
    const query = oneStatement([...writes, progress(id, this.owner, JSON.stringify(this.#positions), events)]);
    if (query) await db.query(query);
  }

  /**
   * With the live tables locked no batch can be half-way between them and its checkpoint, so the checkpoints say exactly
   * what they hold: that is what the new ones get, too. False when the lock was not to be had, or too much is left.
   */
  async #swap(): Promise<boolean> {
    await this.#shadow.alignPartitions();
    const before = { ...this.#positions };
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      await this.#shadow.lock(client);
      for (const topic of topicsOf(this.rebuild.projection)) {
        if (!(await this.#applyRest(client, topic))) throw new NotLevel();
      }
      await this.#shadow.swap(client);
      await client.query(
        `update delivery_log.rebuilds set state = 'done', finished_at = now() where id = $1 and owner = $2`,
        [this.rebuild.id, this.owner],
      );
      failpoint('delivery-log.before-rebuild-commit');
      await client.query('commit');
      return true;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      this.#positions = before;
      const code = error instanceof DatabaseError ? error.code : '';
      if (error instanceof NotLevel || code === LOCK_NOT_AVAILABLE || code === DEADLOCK) return false;
      throw error;
    } finally {
      client.release();
    }
  }

  /** Of several partitions some may be ahead: of what follows, exactly the events that the live tables hold. */
  async #applyRest(client: PoolClient, topic: Topic): Promise<boolean> {
    const tables = new TopicTables(client);
    const applied = await AppliedPositions.read(client, topic);
    let from = this.#position(topic);
    for (let turn = 0; turn < MAX_LOCKED_BATCHES; turn++) {
      const events = await tables.readAfter(topic, from, BATCH);
      await this.#apply(
        client,
        topic,
        events.filter((event) => applied.has(event)),
      );
      if (events.length < BATCH) return true;
      from = (events.at(-1) as StoredEvent).position;
    }
    return false;
  }

  async #pause(ms: number): Promise<void> {
    this.signal.throwIfAborted();
    await new Promise<void>((resolve) => setTimeout(resolve, ms));
    this.signal.throwIfAborted();
  }
}

/** Too much is left to do it under the lock. */
class NotLevel extends Error {}

function intoShadow({ statement, rows }: Alongside): Alongside {
  return {
    statement: {
      ...statement,
      name: `${statement.name}@rebuild`,
      sql: (arrays) => statement.sql(arrays).replaceAll('delivery_log.', `${SHADOW}.`),
    },
    rows,
  };
}
