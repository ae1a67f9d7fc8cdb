import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ReplicaBoard, type TailChange, TableTail } from '@sluice/local-copy';
import { comparePositions, type Position, parsePosition } from '@sluice/event-store';
import { HealthCheck, type HealthResult, InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import {
  FLOW_COLUMNS,
  type FlowRoute,
  flowOf,
  listenerKey,
  NO_FLOW,
  type Route,
  TRIGGER_COLUMNS,
  type TriggerRoute,
  triggerOf,
} from './route.ts';

const log = new Logger('gateway.routes');

/** Poorer than this and /readyz says so; routing goes on with what is known. */
const STALE_AFTER_MS = 10_000;

/**
 * How far the routing tables have come, as `epoch:transaction:position`: the newest event applied. All changes of the
 * registry go through one partition (decision 0096), so everything before it has been applied as well.
 */
const MARKER_SQL = `select epoch || ':' || transaction_id || ':' || position from gateway.routing_position
  order by epoch desc, transaction_id desc, position desc limit 1`;

/** Every trigger and flow in memory, found by exact id; a lookup is two map reads. */
@Injectable()
@HealthCheck('routes')
export class RouteTable implements OnModuleInit, OnApplicationShutdown {
  readonly #triggers: TableTail<TriggerRoute>;
  readonly #flows: TableTail<FlowRoute>;
  /** The one trigger of profile `flow` of a flow, by the flow's id: callers name the flow (LC-01). */
  readonly #ofFlow = new Map<string, string>();
  /** Flows by their listener names (LN-01). */
  readonly #ofListener = new Map<string, FlowRoute>();
  readonly #markers: { triggers: string | null; flows: string | null } = { triggers: null, flows: null };

  constructor(
    @InjectPool('gateway') pool: Pool,
    private readonly board: ReplicaBoard,
  ) {
    const onError = (error: unknown): void => log.warn(`the routes cannot be refreshed: ${(error as Error).message}`);
    this.#triggers = new TableTail<TriggerRoute>({
      pool,
      table: 'gateway.triggers',
      key: 'trigger_id',
      columns: TRIGGER_COLUMNS,
      map: triggerOf,
      marker: MARKER_SQL,
      onChange: (changes) => this.#indexTriggers(changes),
      onPolled: (marker) => this.#report('triggers', marker),
      onError,
    });
    this.#flows = new TableTail<FlowRoute>({
      pool,
      table: 'gateway.flows',
      key: 'flow_id',
      columns: FLOW_COLUMNS,
      map: flowOf,
      marker: MARKER_SQL,
      onChange: (changes) => this.#indexFlows(changes),
      onPolled: (marker) => this.#report('flows', marker),
      onError,
    });
  }

  async onModuleInit(): Promise<void> {
    await Promise.all([this.#triggers.start(), this.#flows.start()]);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.#triggers.stop(), this.#flows.stop()]);
  }

  /** The route of a trigger as this replica knows it; undefined does not mean that there is none. */
  get(triggerId: string): Route | undefined {
    const trigger = this.#triggers.get(triggerId);
    if (trigger === undefined) return undefined;
    const flow = this.#flowOf(trigger);
    return flow === undefined ? undefined : { trigger, flow };
  }

  /** The same for the trigger of profile `flow` that a flow has. */
  getOfFlow(flowId: string): Route | undefined {
    const triggerId = this.#ofFlow.get(flowId);
    return triggerId === undefined ? undefined : this.get(triggerId);
  }

  /** Of a trigger that names a listener, the flow that has the name at this moment. */
  #flowOf({ flowId, listener, appId, forwardTo }: TriggerRoute): FlowRoute | undefined {
    if (forwardTo !== null) return NO_FLOW;
    if (listener !== null) return this.#ofListener.get(listenerKey(appId, listener)) ?? NO_FLOW;
    return flowId === null ? undefined : this.#flows.get(flowId);
  }

  get size(): number {
    return this.#triggers.size;
  }

  /** Reads what was just committed to the tables. */
  async refresh(): Promise<void> {
    await Promise.all([this.#triggers.poke(), this.#flows.poke()]);
  }

  check(): HealthResult {
    const staleMs = Math.max(this.#triggers.staleSinceMs, this.#flows.staleSinceMs);
    if (staleMs <= STALE_AFTER_MS) return { ok: true };
    return { ok: false, detail: `the routes were last read ${Math.round(staleMs / 1000)} s ago` };
  }

  /** A flow may lose its trigger and get another in one poll, in either order. */
  #indexTriggers(changes: readonly TailChange<TriggerRoute>[]): void {
    for (const { key, value, previous } of changes) {
      const before = previous?.profile === 'flow' ? previous.flowId : null;
      if (before !== null && this.#ofFlow.get(before) === key) this.#ofFlow.delete(before);
      if (value?.profile === 'flow' && value.flowId !== null) this.#ofFlow.set(value.flowId, key);
    }
  }

  /** A name may go from one flow to another in one poll, in either order. */
  #indexFlows(changes: readonly TailChange<FlowRoute>[]): void {
    for (const { value, previous } of changes) {
      const before = previous?.listenerKey ?? null;
      if (before !== null && this.#ofListener.get(before) === previous) this.#ofListener.delete(before);
      if (value !== null && value.listenerKey !== null) this.#ofListener.set(value.listenerKey, value);
    }
  }

  /** What both copies contain is what this replica has applied. */
  #report(copy: 'triggers' | 'flows', marker: string | null): void {
    this.#markers[copy] = marker;
    const { triggers, flows } = this.#markers;
    const both = triggers === null || flows === null ? null : earlier(parsePosition(triggers), parsePosition(flows));
    this.board.report('gateway', 'registry.events', both);
  }
}

function earlier(a: Position, b: Position): Position {
  return comparePositions(a, b) <= 0 ? a : b;
}
