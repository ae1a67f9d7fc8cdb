import { Injectable } from '@nestjs/common';
import type { EndpointState, FlowState, TriggerState } from '@sluice/contracts';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { EventTypeQueries } from '../event-types/event-types.query.ts';
import { FlowQueries } from '../flows/flows.query.ts';
import { registryError } from '../registry.errors.ts';
import type { JsonObject } from '../requests/validated.ts';
import { triggerViewOf } from '../triggers/triggers.controller.ts';
import { type AppDocument, type Kind, repeatedNames } from './app-document.rules.ts';
import { exportedEndpoint, exportedEventType, exportedFlow, exportedTrigger } from './exported.rules.ts';

/** A resource as it is now: its id, its name, and how it stands in a document. */
export interface Present {
  id: string;
  name: string;
  streamVersion: number;
  /** Of a trigger: the flow that it starts. */
  flowId: string | null;
  shown: JsonObject;
}

export type Contents = Record<Kind, Present[]>;

interface Row {
  state: string;
  stream_version: number;
}

const LIVE = 'where app_id = $1 and not deleted order by';
/** More than this of a kind are not told in one document. */
const MAX_OF_A_KIND = 10_000;

/** Everything in an app that a document can hold (RG-08). */
@Injectable()
export class AppExport {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly flows: FlowQueries,
    private readonly eventTypes: EventTypeQueries,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** @throws AppError `ambiguous_name` when two resources of a kind cannot be told apart. */
  async document(appId: string): Promise<AppDocument> {
    const contents = await this.contents(appId);
    for (const [kind, present] of Object.entries(contents)) {
      const [repeated] = repeatedNames(present.map((each) => each.name));
      if (repeated !== undefined) {
        const detail = `several ${kind} of the app are named ${JSON.stringify(repeated)}: give each a name of its own`;
        throw registryError('ambiguous_name', detail);
      }
    }
    const { rows } = await this.pool.query<{ name: string }>(`select name from registry.secrets ${LIVE} name`, [appId]);
    const shown = (kind: Kind): JsonObject[] => contents[kind].map((each) => each.shown);
    return {
      sluice: 1,
      eventTypes: shown('eventTypes'),
      flows: shown('flows'),
      triggers: shown('triggers'),
      endpoints: shown('endpoints'),
      secrets: rows.map((row) => row.name),
    };
  }

  async contents(appId: string): Promise<Contents> {
    const flows = await this.flowsOf(appId);
    const names = new Map(flows.map((flow) => [flow.id, flow.name]));
    return {
      eventTypes: await this.eventTypesOf(appId),
      flows,
      triggers: await this.triggersOf(appId, names),
      endpoints: await this.endpointsOf(appId),
    };
  }

  /** The flow of this name, or null; plans have made sure that there is one such flow at most. */
  async flowIdOf(appId: string, name: string): Promise<string | null> {
    const { rows } = await this.pool.query<{ id: string }>(
      'select id from registry.flows where app_id = $1 and name = $2 and not deleted',
      [appId, name],
    );
    return rows[0]?.id ?? null;
  }

  private async eventTypesOf(appId: string): Promise<Present[]> {
    return (await this.eventTypes.ownOf(appId, MAX_OF_A_KIND)).map(({ state, streamVersion }) => ({
      id: state.name,
      name: state.name,
      streamVersion,
      flowId: null,
      shown: exportedEventType(state),
    }));
  }

  private async flowsOf(appId: string): Promise<Present[]> {
    const present: Present[] = [];
    for (const row of await this.rowsOf('flows', appId)) {
      const state = JSON.parse(row.state) as FlowState;
      const version = await this.flows.version(state.id, state.publishedVersion ?? state.version);
      if (!version) throw new Error(`flow ${state.id} has no version ${state.publishedVersion ?? state.version}`);
      const shown = exportedFlow(state, version.definition);
      present.push({ id: state.id, name: state.name, streamVersion: row.stream_version, flowId: null, shown });
    }
    return present;
  }

  private async triggersOf(appId: string, flowNames: ReadonlyMap<string, string>): Promise<Present[]> {
    return (await this.rowsOf('triggers', appId)).map((row) => {
      const state = JSON.parse(row.state) as TriggerState;
      const view = triggerViewOf(state, this.settings.publicUrl);
      const shown = exportedTrigger(view, state.listener ? null : (flowNames.get(state.flowId ?? '') ?? ''));
      return { id: state.id, name: state.name, streamVersion: row.stream_version, flowId: state.flowId, shown };
    });
  }

  private async endpointsOf(appId: string): Promise<Present[]> {
    return (await this.rowsOf('endpoints', appId)).map((row) => {
      const state = JSON.parse(row.state) as EndpointState;
      const shown = exportedEndpoint(state);
      return { id: state.uuid, name: state.name, streamVersion: row.stream_version, flowId: null, shown };
    });
  }

  private async rowsOf(table: 'flows' | 'triggers' | 'endpoints', appId: string): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>(
      `select state, stream_version from registry.${table} ${LIVE} name, id limit $2`,
      [appId, MAX_OF_A_KIND],
    );
    return rows;
  }
}
