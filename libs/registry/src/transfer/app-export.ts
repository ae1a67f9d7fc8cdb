import { Injectable } from '@nestjs/common';
import type { EndpointState, FlowDefinition, FlowState, ScheduleState, TriggerState } from '@sluice/contracts';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { EventTypeQueries } from '../event-types/event-types.query.ts';
import { canonical } from '../flows/flow.decider.ts';
import { registryError } from '../registry.errors.ts';
import type { JsonObject } from '../requests/validated.ts';
import { triggerViewOf } from '../triggers/triggers.controller.ts';
import { type AppDocument, type Kind, hasOwnName, nameIn, repeatedNames } from './app-document.rules.ts';
import { withForwardedNames } from './forwarding.rules.ts';
import { exportedCron, exportedEndpoint, exportedEventType, exportedFlow, exportedTrigger } from './exported.rules.ts';

/** A resource as it is now: its id, its name, and how it stands in a document. */
export interface Present {
  id: string;
  name: string;
  streamVersion: number;
  externalKey: string | null;
  /** Of a trigger and of a cron: the flow that it starts. */
  flowId: string | null;
  shown: JsonObject;
}

export type Contents = Record<Kind, Present[]>;

interface Row {
  state: string;
  stream_version: number;
}

interface FlowRow extends Row {
  latest: string;
  published: string | null;
}

const LIVE = 'where app_id = $1 and not deleted order by';
/** More than this of a kind are not told in one document. */
const MAX_OF_A_KIND = 10_000;

/** Everything in an app that a document can hold (RG-08). */
@Injectable()
export class AppExport {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly eventTypes: EventTypeQueries,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  /** @throws AppError `ambiguous_name` when two resources of a kind cannot be told apart. */
  async document(appId: string): Promise<AppDocument> {
    const contents = await this.contents(appId);
    for (const [kind, present] of Object.entries(contents)) {
      const named = present.filter(({ shown }) => hasOwnName(kind as Kind, shown));
      const [repeated] = repeatedNames(named.map((each) => each.name));
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
      triggers: onceEach('triggers', shown('triggers')),
      crons: onceEach('crons', shown('crons')),
      endpoints: shown('endpoints'),
      secrets: rows.map((row) => row.name),
    };
  }

  async contents(appId: string): Promise<Contents> {
    const flows = await this.flowsOf(appId);
    const names = new Map(flows.map((flow) => [flow.id, flow.name]));
    const endpoints = await this.endpointsOf(appId);
    return {
      eventTypes: await this.eventTypesOf(appId),
      flows,
      triggers: await this.triggersOf(appId, names, endpoints.names),
      crons: await this.cronsOf(appId),
      endpoints: endpoints.present,
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

  /** The flow that has this listener name, or null. */
  async flowIdOfListener(appId: string, listener: string): Promise<string | null> {
    const { rows } = await this.pool.query<{ id: string }>(
      'select id from registry.flows where app_id = $1 and listener = $2 and not deleted',
      [appId, listener],
    );
    return rows[0]?.id ?? null;
  }

  private async eventTypesOf(appId: string): Promise<Present[]> {
    return (await this.eventTypes.ownOf(appId, MAX_OF_A_KIND)).map(({ state, streamVersion }) => ({
      id: state.name,
      name: state.name,
      streamVersion,
      externalKey: null,
      flowId: null,
      shown: exportedEventType(state),
    }));
  }

  private async flowsOf(appId: string): Promise<Present[]> {
    const { rows } = await this.pool.query<FlowRow>(
      `select f.state, f.stream_version, latest.definition as latest, live.definition as published
       from registry.flows f
       join registry.saved_flow_versions latest on latest.flow_id = f.id and latest.version = f.version
       left join registry.saved_flow_versions live on live.flow_id = f.id and live.version = f.published_version
       where f.app_id = $1 and not f.deleted order by f.name, f.id limit $2`,
      [appId, MAX_OF_A_KIND],
    );
    return rows.map((row) => {
      const state = JSON.parse(row.state) as FlowState;
      return present(state, row.stream_version, null, shownFlow(state, row.latest, row.published));
    });
  }

  private async cronsOf(appId: string): Promise<Present[]> {
    const { rows } = await this.pool.query<Row>(
      'select state, stream_version from registry.schedules where app_id = $1 and not deleted order by id limit $2',
      [appId, MAX_OF_A_KIND],
    );
    return rows
      .map((row) => {
        const state = JSON.parse(row.state) as ScheduleState;
        const shown = exportedCron(state);
        const { id, flowId } = state;
        return present({ id, name: nameIn('crons', shown) ?? '' }, row.stream_version, flowId, shown);
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private async triggersOf(
    appId: string,
    flowNames: ReadonlyMap<string, string>,
    endpointNames: ReadonlyMap<number, string>,
  ): Promise<Present[]> {
    return (await this.rowsOf('triggers', appId)).map((row) => {
      const state = JSON.parse(row.state) as TriggerState;
      const shown = this.shownTrigger(state, flowNames.get(state.flowId ?? ''), endpointNames);
      const name = nameIn('triggers', shown) ?? state.name;
      return present({ ...state, name }, row.stream_version, state.flowId, shown);
    });
  }

  /** A trigger as it stands in a document. */
  shownTrigger(
    state: TriggerState,
    flowName: string | undefined,
    endpointNames: ReadonlyMap<number, string>,
  ): JsonObject {
    const named = state.listener || state.forwardTo ? null : (flowName ?? '');
    const view = triggerViewOf(state, this.settings.publicUrl);
    return withForwardedNames(exportedTrigger(view, named, state.listener?.field), endpointNames);
  }

  /** The names of the app's endpoints by their numbers. */
  async endpointNamesOf(appId: string): Promise<Map<number, string>> {
    return (await this.endpointsOf(appId)).names;
  }

  /** The uuids of the app's event endpoints by their names. */
  async endpointIdsOf(appId: string): Promise<Map<string, string>> {
    const { present } = await this.endpointsOf(appId);
    return new Map(present.filter(({ shown }) => shown.kind === 'event').map(({ id, name }) => [name, id]));
  }

  private async endpointsOf(appId: string): Promise<{ present: Present[]; names: Map<number, string> }> {
    const rows = await this.rowsOf('endpoints', appId);
    const states = rows.map((row) => JSON.parse(row.state) as EndpointState);
    return {
      present: states.map((state, index) =>
        present({ ...state, id: state.uuid }, rows[index]?.stream_version ?? 0, null, exportedEndpoint(state)),
      ),
      names: new Map(states.map(({ id, name }) => [id, name])),
    };
  }

  private async rowsOf(table: 'triggers' | 'endpoints', appId: string): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>(
      `select state, stream_version from registry.${table} ${LIVE} name, id limit $2`,
      [appId, MAX_OF_A_KIND],
    );
    return rows;
  }
}

function present(
  state: { id: string; name: string; externalKey?: string | null },
  streamVersion: number,
  flowId: string | null,
  shown: JsonObject,
): Present {
  return { id: state.id, name: state.name, streamVersion, externalKey: state.externalKey ?? null, flowId, shown };
}

/** Of a flow that is a draft only the latest version matters: starting it publishes that one. */
function shownFlow(state: FlowState, latest: string, published: string | null): JsonObject {
  const saved = JSON.parse(latest) as FlowDefinition;
  const live = state.status === 'draft' || published === null ? saved : (JSON.parse(published) as FlowDefinition);
  return exportedFlow(state, live, canonical(live) === canonical(saved) ? null : saved);
}

/** Two that say the same are one in a document. */
function onceEach(kind: Kind, all: readonly JsonObject[]): JsonObject[] {
  return [...new Map(all.map((each) => [nameIn(kind, each), each])).values()];
}
