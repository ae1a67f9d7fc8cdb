import type { Alongside } from '@sluice/event-store';
import type { ClientBase } from 'pg';
import type { Checkpoint } from '../bus.contract.ts';
import type { CheckpointMove, GroupTables } from './group-tables.ts';

/** The checkpoint handed to a handler; remembers whether the handler took it into its own transaction. */
export class BatchCheckpoint implements Checkpoint {
  taken = false;
  readonly #tables: GroupTables;
  readonly #move: CheckpointMove;

  constructor(tables: GroupTables, move: CheckpointMove) {
    this.#tables = tables;
    this.#move = move;
  }

  alongside(): Alongside {
    this.taken = true;
    return this.#tables.move(this.#move);
  }

  async saveWith(client: ClientBase): Promise<void> {
    this.taken = true;
    await this.#tables.moveWith(client, this.#move);
  }

  /** For a handler that took nothing. */
  async saveAlone(): Promise<void> {
    await this.#tables.moveAlone(this.#move);
  }
}

/** `everyInstance` has no checkpoint: a handler that asks for one was written for the other mode. */
export class NoCheckpoint implements Checkpoint {
  alongside(): Alongside {
    throw new Error('a consumer of mode everyInstance has no checkpoint');
  }

  async saveWith(): Promise<void> {
    throw new Error('a consumer of mode everyInstance has no checkpoint');
  }
}
