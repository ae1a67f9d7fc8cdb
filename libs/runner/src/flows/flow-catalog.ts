import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { FlowDefinition, FlowStatus } from '@sluice/contracts';
import { parsePosition } from '@sluice/event-store';
import { ReplicaBoard, TableTail } from '@sluice/local-copy';
import { HealthCheck, type HealthResult, InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { LinkSigner } from '../waiting/link-signer.ts';
import { BoundedCache } from './bounded-cache.ts';
import { type CompiledFlow, compileFlow } from './compiled-flow.ts';
import { REGISTRY_MARKER_SQL } from './registry-copy.projection.ts';

const log = new Logger('runner.flows');
/** Compiled versions kept; one of three steps takes about 10 KB. */
const MAX_COMPILED = 2_000;
const STALE_AFTER_MS = 10_000;

/** What the runner knows of a flow beside its versions. */
export interface KnownFlow {
  id: string;
  appId: string;
  number: number;
  status: FlowStatus;
  /** The latest saved version. */
  version: number;
  publishedVersion: number | null;
}

interface VersionRow {
  version: number;
  number: number;
  name: string;
  definition: string;
}

/** Which version a run of this mode gets. A flow that was never published runs as it was last saved (LC-05). */
export function versionOf(flow: KnownFlow, mode: 'live' | 'draft'): number {
  return mode === 'draft' ? flow.version : (flow.publishedVersion ?? flow.version);
}

/** The flows, found by id in memory; their versions are compiled once and kept while they are used. */
@Injectable()
@HealthCheck('flows')
export class FlowCatalog implements OnModuleInit, OnApplicationShutdown {
  private readonly flows: TableTail<KnownFlow>;
  private readonly compiled = new BoundedCache<CompiledFlow>(MAX_COMPILED);

  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    private readonly board: ReplicaBoard,
    private readonly links: LinkSigner,
  ) {
    this.flows = new TableTail<KnownFlow>({
      pool,
      table: 'runner.flows',
      key: 'id',
      columns: ['id', 'app_id', 'number', 'status', 'version', 'published_version'],
      map: knownFlowOf,
      marker: REGISTRY_MARKER_SQL,
      onPolled: (marker) =>
        this.board.report('runner', 'registry.events', marker === null ? null : parsePosition(marker)),
      onError: (error) => log.warn(`the flows cannot be refreshed: ${(error as Error).message}`),
    });
  }

  onModuleInit(): Promise<void> {
    return this.flows.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.flows.stop();
  }

  check(): HealthResult {
    const staleMs = this.flows.staleSinceMs;
    if (staleMs <= STALE_AFTER_MS) return { ok: true };
    return { ok: false, detail: `the flows were last read ${Math.round(staleMs / 1000)} s ago` };
  }

  /** Reads what was just committed to the copy. */
  refresh(): Promise<void> {
    return this.flows.poke();
  }

  /** The version that a new run gets, when it is at hand; undefined says nothing about whether there is one. */
  peek(flowId: string, mode: 'live' | 'draft'): CompiledFlow | undefined {
    const flow = this.flows.get(flowId);
    return flow && this.compiled.get(`${flowId}/${versionOf(flow, mode)}`);
  }

  /**
   * The version that a new run gets, or null when there is no such flow (any more). Looked for in memory, then in the
   * runner's copy, then in the registry: an event that has yet to be copied does not fail a run.
   * @throws a transient error when the database is away.
   */
  async forNewRun(flowId: string, mode: 'live' | 'draft'): Promise<CompiledFlow | null> {
    const flow = await this.find(flowId);
    return flow && this.version(flowId, versionOf(flow, mode));
  }

  /** @throws a transient error when the database is away. */
  async find(flowId: string): Promise<KnownFlow | null> {
    return this.flows.get(flowId) ?? (await this.findInRegistry(flowId));
  }

  /** One version, also of a deleted flow: what has begun goes on. @throws a transient error when the database is away. */
  async version(flowId: string, version: number): Promise<CompiledFlow | null> {
    const key = `${flowId}/${version}`;
    const known = this.compiled.get(key);
    if (known) return known;
    const row = (await this.read('runner', flowId, version)) ?? (await this.read('registry', flowId, version));
    if (!row) return null;
    const identity = { id: flowId, number: row.number, name: row.name, version };
    const flow = compileFlow(identity, JSON.parse(row.definition) as FlowDefinition, this.links.sign);
    this.compiled.set(key, flow);
    return flow;
  }

  private async read(schema: 'runner' | 'registry', flowId: string, version: number): Promise<VersionRow | undefined> {
    const { rows } = await this.pool.query<VersionRow>({
      name: `runner_flow_version_${schema}`,
      text: `select version, number, name, definition from ${schema}.flow_versions where flow_id = $1 and version = $2`,
      values: [flowId, version],
    });
    return rows[0];
  }

  private async findInRegistry(flowId: string): Promise<KnownFlow | null> {
    const { rows } = await this.pool.query({
      name: 'runner_flow_registry',
      text: `select flow_id as id, app_id, number, status, saved_version as version, published_version
        from registry.flow_versions where flow_id = $1 and not deleted limit 1`,
      values: [flowId],
    });
    const row = rows[0] as Record<string, unknown> | undefined;
    return row ? knownFlowOf(row) : null;
  }
}

function knownFlowOf(row: Readonly<Record<string, unknown>>): KnownFlow {
  return {
    id: row.id as string,
    appId: row.app_id as string,
    number: row.number as number,
    status: row.status as FlowStatus,
    version: row.version as number,
    publishedVersion: row.published_version as number | null,
  };
}
