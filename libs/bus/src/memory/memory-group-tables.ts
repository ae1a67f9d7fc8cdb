import { type Alongside, AlongsideConflictError, comparePositions } from '@sluice/event-store';
import type { ClientBase } from 'pg';
import {
  BEGINNING,
  CheckpointMovedError,
  type CheckpointKey,
  type CheckpointMove,
  type CheckpointState,
  type GroupTables,
  type LeaseRequest,
} from '../consuming/group-tables.ts';
import type { DeadLetter, DeadLetterFilter, NewDeadLetter } from '../dead-letters/dead-letter.ts';
import { MemoryStatement } from './memory-statement.ts';

interface Row extends CheckpointState {
  key: CheckpointKey;
  owner: string | null;
  until: number;
}
interface Letter extends DeadLetter {
  finishedAt: number;
}

const nameOf = (key: CheckpointKey): string => `${key.group}/${key.topic}/${key.partition}`;

/** Checkpoints and dead letters of a service that has no database (the memory wiring). */
export class MemoryGroupTables implements GroupTables {
  readonly #rows = new Map<string, Row>();
  readonly #letters = new Map<string, Letter>();

  readonly #move = new MemoryStatement('bus_move', {
    check: ([move]) => {
      if (!this.#fits(move as CheckpointMove)) throw refused('checkpoints.position');
    },
    apply: ([move]) => this.#apply(move as CheckpointMove),
  });
  readonly #park = new MemoryStatement('bus_park', {
    check: ([letter]) => {
      const { reason, group, topic, streamId } = letter as NewDeadLetter;
      if (reason === 'behind' && !this.#first(group, topic, streamId)) throw refused('dead_letters.topic');
    },
    apply: ([letter]) => {
      const parked = letter as NewDeadLetter;
      this.#letters.set(parked.id, { ...parked, state: 'parked', attempts: 1, finishedAt: 0 });
    },
  });
  readonly #handled = this.#stateChange('bus_letter_handled', ['parked'], 'handled');
  readonly #done = this.#stateChange('bus_letter_done', ['handled', 'discarded'], 'done');
  readonly #failedAgain = new MemoryStatement('bus_failed_again', {
    check: ([id]) => this.#require(id as string, ['parked']),
    apply: ([id, error, announced]) => {
      const letter = this.#letters.get(id as string) as Letter;
      const attempts = letter.attempts + 1;
      Object.assign(letter, { reason: 'failed', error, announced, attempts });
    },
  });

  async take(key: CheckpointKey): Promise<CheckpointState> {
    return this.#taken(key, null, 0);
  }

  async takeLeased(key: CheckpointKey, lease: LeaseRequest): Promise<CheckpointState | null> {
    const row = this.#rows.get(nameOf(key));
    const busy = row?.owner && row.owner !== lease.owner && row.until > Date.now();
    if (busy && !lease.force) return null;
    return this.#taken(key, lease.owner, Date.now() + lease.leaseMs);
  }

  async renewLeases(lease: LeaseRequest): Promise<CheckpointKey[]> {
    const held = [...this.#rows.values()].filter((row) => row.owner === lease.owner && row.until > Date.now());
    for (const row of held) row.until = Date.now() + lease.leaseMs;
    return held.map((row) => row.key);
  }

  async releaseLeases(owner: string): Promise<void> {
    for (const row of this.#rows.values()) if (row.owner === owner) Object.assign(row, { owner: null, until: 0 });
  }

  async current(key: CheckpointKey): Promise<CheckpointState | null> {
    const row = this.#rows.get(nameOf(key));
    return row ? { fence: row.fence, position: row.position } : null;
  }

  move(move: CheckpointMove): Alongside {
    return { statement: this.#move, rows: [[move]] };
  }

  async moveWith(_client: ClientBase, move: CheckpointMove): Promise<void> {
    await this.moveAlone(move);
  }

  async moveAlone(move: CheckpointMove): Promise<void> {
    if (!this.#fits(move)) throw new CheckpointMovedError(move.key);
    this.#apply(move);
  }

  async rewind(key: CheckpointKey, fence: bigint): Promise<void> {
    const row = this.#rows.get(nameOf(key));
    if (row?.fence !== fence) throw new CheckpointMovedError(key);
    row.position = BEGINNING;
  }

  async parkedStreams(group: string, topic: string): Promise<Set<string>> {
    return new Set(this.#parked((letter) => letter.group === group && letter.topic === topic).map((l) => l.streamId));
  }

  async isParked(group: string, topic: string, streamId: string): Promise<boolean> {
    return this.#first(group, topic, streamId) !== null;
  }

  park(letters: readonly NewDeadLetter[]): Alongside {
    return { statement: this.#park, rows: letters.map((letter) => [letter]) };
  }

  handled(id: string): Alongside {
    return { statement: this.#handled, rows: [[id]] };
  }

  async handledWith(_client: ClientBase, id: string): Promise<void> {
    await this.handledAlone(id);
  }

  async handledAlone(id: string): Promise<void> {
    this.#change(id, 'handled');
  }

  failedAgain(id: string, error: { name: string; message: string }, announced: number): Alongside {
    return { statement: this.#failedAgain, rows: [[id, error, announced]] };
  }

  async discard(id: string): Promise<boolean> {
    if (this.#letters.get(id)?.state !== 'parked') return false;
    this.#change(id, 'discarded');
    return true;
  }

  done(id: string): Alongside {
    return { statement: this.#done, rows: [[id]] };
  }

  async letter(id: string): Promise<DeadLetter | null> {
    const letter = this.#letters.get(id);
    return letter ? { ...letter } : null;
  }

  async list(filter: DeadLetterFilter): Promise<DeadLetter[]> {
    const { group, topic, state = 'parked', limit = 100 } = filter;
    return [...this.#letters.values()]
      .filter((letter) => letter.state === state)
      .filter((letter) => (!group || letter.group === group) && (!topic || letter.topic === topic))
      .sort((a, b) => a.parkedAt.getTime() - b.parkedAt.getTime() || a.version - b.version)
      .slice(0, limit);
  }

  async firstParked(group: string, topic: string, streamId: string): Promise<DeadLetter | null> {
    return this.#first(group, topic, streamId);
  }

  async unannounced(limit: number): Promise<DeadLetter[]> {
    return [...this.#letters.values()]
      .filter((letter) => letter.state === 'handled' || letter.state === 'discarded')
      .slice(0, limit);
  }

  async orphanedStreams(limit: number): Promise<{ group: string; topic: string; streamId: string }[]> {
    return this.#parked((letter) => this.#first(letter.group, letter.topic, letter.streamId)?.id === letter.id)
      .filter((letter) => letter.reason === 'behind')
      .slice(0, limit)
      .map(({ group, topic, streamId }) => ({ group, topic, streamId }));
  }

  async sweep(olderThanSeconds: number): Promise<void> {
    const before = Date.now() - olderThanSeconds * 1_000;
    for (const [id, letter] of this.#letters) {
      if (letter.state === 'done' && letter.finishedAt < before) this.#letters.delete(id);
    }
  }

  #taken(key: CheckpointKey, owner: string | null, until: number): CheckpointState {
    const row = this.#rows.get(nameOf(key));
    const next: Row = { key, fence: (row?.fence ?? 0n) + 1n, position: row?.position ?? BEGINNING, owner, until };
    this.#rows.set(nameOf(key), next);
    return { fence: next.fence, position: next.position };
  }

  #fits(move: CheckpointMove): boolean {
    const row = this.#rows.get(nameOf(move.key));
    return !!row && row.fence === move.fence && comparePositions(row.position, move.from) === 0;
  }

  #apply(move: CheckpointMove): void {
    (this.#rows.get(nameOf(move.key)) as Row).position = move.to;
  }

  #stateChange(name: string, from: readonly string[], to: 'handled' | 'done'): MemoryStatement {
    return new MemoryStatement(name, {
      check: ([id]) => this.#require(id as string, from),
      apply: ([id]) => this.#change(id as string, to),
    });
  }

  #require(id: string, states: readonly string[]): void {
    const letter = this.#letters.get(id);
    if (!letter || !states.includes(letter.state)) throw refused('dead_letters.state');
  }

  #change(id: string, state: DeadLetter['state']): void {
    const letter = this.#letters.get(id);
    if (letter) Object.assign(letter, { state, finishedAt: Date.now() });
  }

  #parked(matches: (letter: DeadLetter) => boolean): Letter[] {
    return [...this.#letters.values()].filter((letter) => letter.state === 'parked' && matches(letter));
  }

  #first(group: string, topic: string, streamId: string): DeadLetter | null {
    const parked = this.#parked((l) => l.group === group && l.topic === topic && l.streamId === streamId);
    return parked.sort((a, b) => a.version - b.version)[0] ?? null;
  }
}

function refused(constraint: string): AlongsideConflictError {
  return new AlongsideConflictError(constraint, new Error(`null value in ${constraint}`));
}
