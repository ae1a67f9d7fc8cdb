import type { EventStorePort } from '@sluice/event-store';
import { SERVICES, type ServiceName } from '@sluice/contracts';
import type { Pool } from 'pg';
import type { Consumer } from './consuming/consumer.ts';
import type { GroupTables } from './consuming/group-tables.ts';
import { MemoryGroupTables } from './memory/memory-group-tables.ts';
import { PostgresGroupTables } from './postgres/postgres-group-tables.ts';

/** What the bus needs of a service: its store, and a pool for reading; without a pool its tables live in memory. */
export interface ServiceBinding {
  service: ServiceName;
  store: EventStorePort;
  pool?: Pool | null;
}

export interface Bound {
  service: ServiceName;
  store: EventStorePort;
  pool: Pool | null;
  tables: GroupTables;
}

/** The service that a consumer group belongs to: what stands before the colon. @throws Error for an unknown one. */
export function serviceOfGroup(group: string): ServiceName {
  const name = group.split(':', 1)[0];
  const service = SERVICES.find((each) => each === name);
  if (!service) throw new Error(`consumer group "${group}" does not begin with the name of a service`);
  return service;
}

/** Which services live in this process, and the consumers that the running bus has found in them. */
export class BusBindings {
  readonly #bound = new Map<ServiceName, Bound>();
  readonly #consumers = new Map<string, Consumer>();

  bind(binding: ServiceBinding): void {
    const { service, store } = binding;
    if (this.#bound.has(service)) throw new Error(`service ${service} is bound already`);
    const pool = binding.pool ?? null;
    const tables = pool ? new PostgresGroupTables(service, pool) : new MemoryGroupTables();
    this.#bound.set(service, { service, store, pool, tables });
  }

  /** @throws Error when the service was not bound in this process. */
  of(service: ServiceName): Bound {
    const bound = this.#bound.get(service);
    if (!bound) throw new Error(`the bus has no binding for service ${service}: call BusBindings.bind first`);
    return bound;
  }

  has(service: ServiceName): boolean {
    return this.#bound.has(service);
  }

  all(): Bound[] {
    return [...this.#bound.values()];
  }

  /** The bus registers each consumer it runs, so that dead letters can be handed to it again. */
  register(consumer: Consumer): void {
    this.#consumers.set(`${consumer.group}/${consumer.topic}`, consumer);
  }

  consumer(group: string, topic: string): Consumer | undefined {
    return this.#consumers.get(`${group}/${topic}`);
  }
}
