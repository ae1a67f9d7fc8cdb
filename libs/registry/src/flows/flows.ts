import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import {
  type FieldProblem,
  type FlowDefinition,
  type FlowState,
  type FlowStatus,
  isUuid,
  newId,
} from '@sluice/contracts';
import { AlongsideConflictError } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { nextNumber } from '../changes/numbers.ts';
import { registryError } from '../registry.errors.ts';
import { refuseTakenKey } from '../requests/external-keys.ts';
import { invalidRequest, isJsonObject, type JsonObject, pointerToken, validated } from '../requests/validated.ts';
import {
  changeFlow,
  createFlow,
  deleteFlow,
  type FlowDecision,
  type FlowPatch,
  type NewFlow,
  publishFlow,
  type StoredFlow,
} from './flow.decider.ts';
import { changeFlowWithDraft, createFlowWithDraft, type PublishedAndDraft } from './flow-with-draft.decider.ts';
import { ChangeFlow, CreateFlow } from './flow.requests.ts';
import { DEFINITION_FIELDS, flowProblems } from './flow.rules.ts';
import { flowRow, versionRow } from './flow-rows.ts';
import { FlowCycles } from './flow-cycles.ts';
import { FlowQueries, type FoundFlow } from './flows.query.ts';

/** A flow after a change. */
export interface FlowResult {
  state: FlowState;
  definition: FlowDefinition;
  /** What runs, when a draft was saved on top of it. */
  published?: FlowDefinition;
}

type FlowGuard = ReturnType<FlowCycles['guard']>;
/** With what its transaction has to find; absent: what follows from the events. */
type GuardedDecision = FlowDecision & { guard?: FlowGuard };

/** Creates and changes flows: saving makes versions, publishing says which one runs. */
@Injectable()
export class Flows {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly queries: FlowQueries,
    private readonly cycles: FlowCycles,
  ) {}

  async create(body: unknown, appId: string, actor: Actor): Promise<Changed<FlowResult>> {
    const flow = await this.newFlow(body, appId, () => []);
    return this.commit(createFlow(flow, timeNow()), 0, actor);
  }

  /** As a document has it (RG-08): the version that runs, and a draft on top of it. */
  async createWithDraft(body: unknown, draft: unknown, appId: string, actor: Actor): Promise<Changed<FlowResult>> {
    const flow = await this.newFlow(body, appId, (sent) => draftProblems(draft, sent.status));
    const decision = createFlowWithDraft({ ...flow, ...withDraft(flow, draft) }, timeNow());
    const changed = await this.commit(decision, 0, actor);
    return { ...changed, value: { ...changed.value, published: flow.definition } };
  }

  private async newFlow(
    body: unknown,
    appId: string,
    further: (sent: JsonObject) => readonly FieldProblem[],
  ): Promise<NewFlow> {
    const request = await validated(CreateFlow, body, (sent) => [
      ...flowProblems(withoutNulls(sent)),
      ...further(sent),
    ]);
    const { name, listener, externalKey } = request;
    return {
      id: newId(),
      number: await nextNumber(this.pool, 'flow'),
      appId,
      name,
      listener: listener ?? null,
      status: statusOf(request.status) ?? 'draft',
      definition: definitionOf(withoutNulls(body as JsonObject)),
      ...(externalKey ? { externalKey } : {}),
    };
  }

  async change(
    id: string,
    body: unknown,
    app: AppScope,
    actor: Actor,
    ifMatch: string | undefined,
  ): Promise<Changed<FlowResult>> {
    return this.deciding(id, app, actor, ifMatch, async (flow, now) =>
      changeFlow(flow, await patchOf(flow, body, () => []), now),
    );
  }

  /** As a document has it: the version that runs, and a draft on top of it. */
  async changeWithDraft(
    id: string,
    body: unknown,
    draft: unknown,
    app: AppScope,
    actor: Actor,
  ): Promise<Changed<FlowResult>> {
    let runs: FlowDefinition = { steps: [] };
    const changed = await this.deciding(id, app, actor, undefined, async (flow, now) => {
      const patch = await patchOf(flow, body, (sent) => draftProblems(draft, sent.status));
      runs = patch.definition;
      const { publishedVersion } = flow.state;
      const published = publishedVersion === null ? null : await this.queries.version(id, publishedVersion);
      return changeFlowWithDraft(flow, published?.definition ?? null, { ...patch, ...withDraft(patch, draft) }, now);
    });
    return { ...changed, value: { ...changed.value, published: runs } };
  }

  /** Publishes a saved version, the latest unless one is named. */
  publish(
    id: string,
    version: number | undefined,
    app: AppScope,
    actor: Actor,
    ifMatch: string | undefined,
  ): Promise<Changed<FlowResult>> {
    return this.deciding(id, app, actor, ifMatch, async (flow, now) => {
      const wanted = version ?? flow.state.version;
      const found = await this.queries.version(id, wanted);
      if (!found) throw invalidRequest([{ pointer: '/version', message: `the flow has no version ${wanted}` }]);
      // What other flows are now called, or do, was not so when the version was saved.
      const guard = this.cycles.guard(flow.state, [found.definition], '/version');
      return { ...publishFlow(flow, wanted, now), guard };
    });
  }

  delete(id: string, app: AppScope, actor: Actor, ifMatch: string | undefined): Promise<Changed<FlowResult>> {
    return this.deciding(id, app, actor, ifMatch, async (flow, now) => {
      const triggers = await this.queries.countTriggers(id);
      if (triggers > 0) {
        throw registryError('flow_in_use', `${triggers} trigger(s) or schedule(s) start this flow: delete them first`);
      }
      return deleteFlow(flow, now);
    });
  }

  /** @throws AppError 404 when there is no such flow as far as the caller may see. */
  async get(id: string, app: AppScope): Promise<FoundFlow> {
    const flow = isUuid(id) ? await this.queries.byId(id) : null;
    if (!flow || flow.deleted || !app.sees(flow.state.appId)) throw platformError('not_found', 'there is no such flow');
    return flow;
  }

  private deciding(
    id: string,
    app: AppScope,
    actor: Actor,
    ifMatch: string | undefined,
    decide: (flow: StoredFlow, now: string) => Promise<GuardedDecision>,
  ): Promise<Changed<FlowResult>> {
    return this.changes.deciding(ifMatch, async () => {
      const flow = await this.get(id, app);
      requireMatch(ifMatch, flow.streamVersion);
      return this.commit(await decide(flow, new Date().toISOString()), flow.streamVersion, actor);
    });
  }

  /** Of what is saved or begins to run; a change of the name changes what others call. */
  private guardOf({ events, state, definition, alsoSaved }: FlowDecision): FlowGuard | undefined {
    const isSaved = events.some(({ type }) => type === 'FlowCreated' || type === 'FlowUpdated');
    if (isSaved) {
      return this.cycles.guard(state, alsoSaved ? [alsoSaved.definition, definition] : [definition]);
    }
    const isPublished = events.some(({ type }) => type === 'FlowPublished');
    return isPublished ? this.cycles.guard(state, [definition], '/status') : undefined;
  }

  private async commit(decision: GuardedDecision, expectedVersion: number, actor: Actor): Promise<Changed<FlowResult>> {
    const { events, state, definition, saved, alsoSaved } = decision;
    const by = `${actor.type}/${actor.id}`;
    const streamVersion = expectedVersion + events.length;
    const result = { value: { state, definition }, streamVersion, propagating: false };
    if (events.length === 0) return result;
    const guard = 'guard' in decision ? decision.guard : this.guardOf(decision);
    const deleted = events.some((event) => event.type === 'FlowDeleted');
    try {
      const position = await this.changes.commit({
        streamId: state.id,
        expectedVersion,
        appId: state.appId,
        actor,
        events,
        alongside: [
          flowRow(state, streamVersion, deleted),
          ...(alsoSaved ? [versionRow(alsoSaved.flow, alsoSaved.definition, by)] : []),
          ...(saved ? [versionRow(state, definition, by)] : []),
        ],
        ...(guard ? { alone: guard } : {}),
      });
      return { ...result, propagating: await this.changes.isPropagating(position, ['gateway', 'runner']) };
    } catch (error) {
      refuseTakenKey(error, 'flow_external_key');
      if (!(error instanceof AlongsideConflictError) || error.constraint !== 'flow_listener') throw error;
      throw registryError('listener_taken', `another flow of the app has the listener name ${state.listener}`, {
        errors: [{ pointer: '/listener', message: 'is taken by another flow' }],
        cause: error,
      });
    }
  }
}

const isRedefined = (sent: JsonObject): boolean => DEFINITION_FIELDS.some((name) => Object.hasOwn(sent, name));
const timeNow = (): string => new Date().toISOString();

async function patchOf(
  flow: StoredFlow,
  body: unknown,
  further: (sent: JsonObject) => readonly FieldProblem[],
): Promise<FlowPatch & { definition: FlowDefinition }> {
  const merged = { ...flow.definition, ...(body as JsonObject) };
  const request = await validated(ChangeFlow, body, (sent) => [
    // What is stored was found good, perhaps by older rules: such a flow can still be renamed and paused.
    ...(isRedefined(sent) ? flowProblems(withoutNulls(merged)) : []),
    ...further(sent),
  ]);
  const { name, listener, externalKey } = request;
  const status = statusOf(request.status);
  return {
    ...(name === undefined ? {} : { name }),
    ...(listener === undefined ? {} : { listener }),
    ...(externalKey === undefined ? {} : { externalKey }),
    ...(status === undefined ? {} : { status }),
    definition: definitionOf(withoutNulls(merged)),
  };
}

function draftProblems(draft: unknown, status: unknown): FieldProblem[] {
  const pointer = '/draft';
  if (statusOf(status as string) !== 'active' && status !== 'paused') {
    return [{ pointer, message: 'goes with status active or paused: a flow that is a draft has no other' }];
  }
  if (!isJsonObject(draft)) return [{ pointer, message: 'must be an object with steps' }];
  const others = Object.keys(draft).filter((name) => !(DEFINITION_FIELDS as readonly string[]).includes(name));
  return [
    ...others.map((name) => ({ pointer: `${pointer}/${pointerToken(name)}`, message: 'is no field of a draft' })),
    ...flowProblems(draft).map((problem) => ({ ...problem, pointer: `${pointer}${problem.pointer}` })),
  ];
}

/** What was found good by draftProblems. */
function withDraft(
  { status, definition }: { status?: FlowStatus; definition: FlowDefinition },
  draft: unknown,
): Pick<PublishedAndDraft, 'status' | 'definition' | 'draft'> {
  return { status: status === 'paused' ? 'paused' : 'active', definition, draft: definitionOf(draft as JsonObject) };
}

/** `live` is what one of the vendors calls `active`. */
function statusOf(text: string | undefined): FlowStatus | undefined {
  return text === 'live' ? 'active' : (text as FlowStatus | undefined);
}

/** `null` takes an optional part of the definition away. */
function withoutNulls(sent: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(sent).filter(([name, value]) => value !== null || name === 'steps'));
}

function definitionOf(checked: JsonObject): FlowDefinition {
  const fields = DEFINITION_FIELDS.filter((name) => checked[name] !== undefined);
  return Object.fromEntries(fields.map((name) => [name, checked[name]])) as unknown as FlowDefinition;
}
