import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { newId, type ServiceName } from '@sluice/contracts';
import { AccessControl, type Actor } from '@sluice/access';
import {
  type Alongside,
  type CommitUnit,
  type EventStorePort,
  isTransientError,
  type Position,
  VersionConflictError,
} from '@sluice/event-store';
import { ReplicaBoard } from '@sluice/local-copy';
import { failpoint, InjectStore, isDryRun, platformError } from '@sluice/platform';
import type { PoolClient } from 'pg';
import { registryError } from '../registry.errors.ts';
import type { RegistryEvent } from './registry-event.ts';

export { type Actor, actorOf } from '@sluice/access';

export const SYSTEM: Actor = { type: 'system', id: 'registry' };

/** One change of one resource: its events and the rows that show the state after them. */
export interface Change {
  streamId: string;
  expectedVersion: number;
  appId: string | null;
  actor: Actor;
  events: readonly RegistryEvent[];
  alongside: readonly Alongside[];
  /** Free SQL in the same transaction, for what is not set-based (sealing). */
  alone?: (client: PoolClient) => Promise<void>;
}

/**
 * One key for all: changes are few, and over Kafka they arrive everywhere in the order in which they were made. So the
 * newest position that a replica has applied says that it has applied everything before (decision 0096).
 */
const PARTITION_KEY = 'registry';

function unitOf(change: Change): CommitUnit {
  const { streamId, expectedVersion, appId } = change;
  const meta = { correlationId: newId(), causationId: null, actor: change.actor };
  const events = change.events.map(({ type, data }) => ({ type, data, appId, meta, partitionKey: PARTITION_KEY }));
  return {
    appends: [{ streamId, expectedVersion, events }],
    alongside: change.alongside,
    ...(change.alone ? { alone: change.alone } : {}),
  };
}

/** Where a rehearsed change would be: nowhere that anybody waits for. */
const NOWHERE: Position = { epoch: 0, transactionId: 0n, position: 0n };
const MAX_TRIES = 12;

/** Of many changes in a row: how far replicas have to be, and which ones. */
interface Together {
  last: Position | null;
  services: Set<ServiceName>;
  /** Whether one of them shuts a credential out. */
  isOfAccess: boolean;
}

/** The one way in which the registry changes anything: events and rows in one unit, then waiting for the replicas. */
@Injectable()
export class ChangeLog {
  private readonly together = new AsyncLocalStorage<Together>();

  constructor(
    @InjectStore('registry') private readonly store: EventStorePort,
    private readonly board: ReplicaBoard,
    private readonly access: AccessControl,
  ) {}

  /**
   * Resolves once the change is durable.
   * @returns the position that replicas have to reach.
   * @throws VersionConflictError, AlongsideConflictError, transient errors: see EventStorePort.commit.
   */
  async commit(change: Change): Promise<Position> {
    if (isDryRun()) return this.rehearse(change);
    await failpoint('registry.before-append');
    const committed = await this.store.commit(unitOf(change));
    await failpoint('registry.after-append');
    const last = committed.events.at(-1);
    if (!last) throw new Error('a change without events');
    return last.position;
  }

  /**
   * Writes the change and rolls it back, so that every constraint of the database has spoken. A conflict is told as in
   * earnest; numbers that were taken stay taken.
   */
  private async rehearse(change: Change): Promise<Position> {
    const rehearsed = new Error('rehearsed');
    const alone = async (client: PoolClient): Promise<never> => {
      await change.alone?.(client);
      throw rehearsed;
    };
    try {
      await this.store.commit({ ...unitOf(change), alone });
    } catch (error) {
      if (error === rehearsed) return NOWHERE;
      throw error;
    }
    throw new Error('a dry run was committed');
  }

  /**
   * Reads, decides and commits, again from the start when somebody else was faster. With `ifMatch` the caller has
   * said which version it wants to change, so being late is its error (412).
   */
  async deciding<T>(ifMatch: string | undefined, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof VersionConflictError) || isTransientError(error)) throw error;
        if (ifMatch !== undefined) throw stale();
        if (tries === MAX_TRIES) throw registryError('changed_meanwhile', 'others keep changing this; try again');
      }
    }
  }

  /** Whether the change is still on its way to some live replica of the services when the wait is over. */
  async isPropagating(position: Position, services: readonly ServiceName[]): Promise<boolean> {
    if (isDryRun()) return false;
    const all = this.together.getStore();
    if (all) {
      all.last = position;
      for (const service of services) all.services.add(service);
      return false;
    }
    return !(await this.board.waitUntilApplied('registry.events', position, services));
  }

  /**
   * Whether a process that checks credentials may still let in whom a committed change shuts out, when the wait is over.
   * This one does not, once it resolves.
   */
  async isAccessPropagating(): Promise<boolean> {
    if (isDryRun()) return false;
    const all = this.together.getStore();
    if (all) {
      all.isOfAccess = true;
      return false;
    }
    return !(await this.access.isKnownEverywhere());
  }

  /**
   * Many changes, and one wait for the replicas after the last: their events are applied in the order in which they were
   * made, so who has the last one has them all.
   */
  async waitingOnce<T>(work: () => Promise<T>): Promise<{ value: T; propagating: boolean }> {
    const all: Together = { last: null, services: new Set(), isOfAccess: false };
    const value = await this.together.run(all, work);
    const late = await Promise.all([
      all.last !== null && this.isPropagating(all.last, [...all.services]),
      all.isOfAccess && this.isAccessPropagating(),
    ]);
    return { value, propagating: late.includes(true) };
  }
}

/** For the document: the header of every change. */
export const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description: 'ETag that the change is meant for; stale: 412',
};

/** For what is made by its name: RFC 9110 §13.1.2. */
export const IF_NONE_MATCH = {
  name: 'If-None-Match',
  required: false,
  description: '`*`: only make it; 412 when it is there',
};

/** The entity tag of a resource: the version of its stream. */
export function etagOf(streamVersion: number): string {
  return `"${streamVersion}"`;
}

/** RFC 9110 §13.1.1; @throws AppError 412 when none of the given tags is the present one. */
export function requireMatch(ifMatch: string | undefined, streamVersion: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(etagOf(streamVersion))) throw stale();
}

/** RFC 9110 §13.1.2; @throws AppError 412 when what is there is one of the given tags, or anything with `*`. */
export function requireNoneMatch(ifNoneMatch: string | undefined, streamVersion: number): void {
  if (ifNoneMatch === undefined) return;
  // Compared weakly, as the RFC wants it of this header.
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (tags.includes('*') || tags.includes(etagOf(streamVersion)))
    throw platformError('precondition_failed', 'it is there already, and If-None-Match asks for it to be new');
}

function stale(): Error {
  return platformError('precondition_failed', 'the version named by If-Match is not the present one: read it again');
}
