import type { Topic } from '@sluice/contracts';
import type { DatabaseError, PoolClient } from 'pg';
import { RolledBackError } from './batch-writer.ts';
import {
  asTransient,
  isAnswer,
  isConstraintViolation,
  isMissingPartition,
  mayBeVersionConflict,
  refusesWrites,
} from './database-errors.ts';
import { AlongsideConflictError, StreamOutsidePartitionsError, VersionConflictError } from './event-store.errors.ts';
import { lastVersionSql, topicTables } from './event-tables.ts';
import type { Partitions } from './partitions.ts';
import type { PendingUnit, PreparedEvent } from './pending-unit.ts';
import { isTransientError } from './transient-error.ts';
import { WriteRefusal } from './write-refusal.ts';

/**
 * What happens to a batch that the database refused. Nothing of it was committed. Each error reaches only the unit
 * that caused it: units that provably conflict are answered all at once, after that the batch is halved until the
 * culprit stands alone.
 */
export class Separation {
  readonly #topics: readonly Topic[];
  readonly #partitions: Partitions | null;
  /** How many batches were refused, and how many of them had to be halved. */
  readonly stats = { refused: 0, halved: 0 };
  readonly writeRefusal = new WriteRefusal();

  constructor(topics: readonly Topic[], partitions: Partitions | null) {
    this.#topics = topics;
    this.#partitions = partitions;
  }

  /** Answers the units that caused the error, and returns the batches to send instead, last first. */
  async separate(
    client: PoolClient,
    units: readonly PendingUnit[],
    error: unknown,
  ): Promise<(readonly PendingUnit[])[]> {
    this.stats.refused++;
    if (isAnswer(error) && refusesWrites(error)) this.writeRefusal.refused(error.message);
    if (isTransientError(error)) {
      for (const unit of units) unit.reject(asTransient(error, 'the database refused the batch'));
      return [];
    }
    if (isAnswer(error) && isMissingPartition(error) && this.#partitions) {
      return [await this.#answerOutside(this.#partitions, units, error)];
    }
    const isConflict = isAnswer(error) && mayBeVersionConflict(error);
    const rest = isConflict ? await this.#answerConflicts(client, units, error) : units;
    if (rest.length < units.length) return [rest];
    const only = units[0];
    if (units.length === 1 && only) {
      only.reject(this.#translate(only, error));
      return [];
    }
    this.stats.halved++;
    const middle = Math.ceil(units.length / 2);
    return [units.slice(middle), units.slice(0, middle)];
  }

  async #answerConflicts(client: PoolClient, units: readonly PendingUnit[], cause: DatabaseError) {
    const rest = new Set(units);
    for (const topic of this.#topics) {
      const firsts = [...rest].flatMap((unit) => firstEvents(unit, topic).map((event) => ({ unit, event })));
      if (firsts.length === 0) continue;
      const { rows } = await client.query<[number | null]>({
        text: `select (select ${lastVersionSql(topic, 'e')} from ${topicTables(topic).events} e where e.stream_id = t.stream_id
            order by e.version desc limit 1) from unnest($1::uuid[]) with ordinality as t(stream_id, place)
          order by t.place`,
        values: [firsts.map(({ event }) => event.streamId)],
        rowMode: 'array',
      });
      firsts.forEach(({ unit, event }, index) => {
        const expected = event.version - 1;
        const actual = rows[index]?.[0] ?? 0;
        if (actual === expected || !rest.delete(unit)) return;
        unit.reject(new VersionConflictError(event.streamId, expected, cause, actual));
      });
    }
    return [...rest];
  }

  /** Partitions that may be made are made, and the whole batch goes again; streams without one are answered. */
  async #answerOutside(partitions: Partitions, units: readonly PendingUnit[], cause: DatabaseError) {
    const outside = await partitions.provide(units.flatMap((unit) => unit.events.map((event) => event.streamId)));
    return units.filter((unit) => {
      const event = unit.events.find(({ streamId }) => outside.has(streamId));
      if (event)
        unit.reject(new StreamOutsidePartitionsError(event.streamId, outside.get(event.streamId) ?? '', cause));
      return !event;
    });
  }

  #translate(unit: PendingUnit, error: unknown): unknown {
    if (error instanceof RolledBackError) return error.cause;
    if (!isAnswer(error) || !isConstraintViolation(error)) return error;
    const tables = this.#topics.map(topicTables);
    const isOurs = tables.some(({ schema, name }) => error.schema === schema && isTableOf(name, error.table ?? ''));
    const event = unit.events[0];
    if (isOurs && event) return new VersionConflictError(event.streamId, event.version - 1, error);
    return new AlongsideConflictError(error.constraint ?? null, error);
  }
}

function firstEvents(unit: PendingUnit, topic: Topic): PreparedEvent[] {
  const seen = new Set<string>();
  return unit.events.filter((event) => event.topic === topic && !seen.has(event.streamId) && seen.add(event.streamId));
}

/** The table itself, its bodies, or one of their partitions. */
function isTableOf(name: string, table: string): boolean {
  return table === name || new RegExp(`^${name}(_bodies)?(_p\\d{8})?$`).test(table);
}
