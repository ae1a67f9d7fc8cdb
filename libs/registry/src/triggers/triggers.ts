import { Injectable } from '@nestjs/common';
import { type AppScope, grantAccess, revokeAccess } from '@sluice/access';
import { type FieldProblem, type FlowDefinition, isUuid, newId, type TriggerState } from '@sluice/contracts';
import { AlongsideConflictError } from '@sluice/event-store';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { nextNumber } from '../changes/numbers.ts';
import { FlowQueries } from '../flows/flows.query.ts';
import { registryError } from '../registry.errors.ts';
import { invalidRequest, type JsonObject, validated } from '../requests/validated.ts';
import { Sealing } from '../sealing/sealing.ts';
import { orderingOf, orderingProblems } from './ordering.rules.ts';
import {
  addToken,
  changeTrigger,
  createTrigger,
  deleteTrigger,
  revokeToken,
  type StoredTrigger,
  type TriggerDecision,
  type TriggerRefusal,
} from './trigger.decider.ts';
import { requestSettingsOf, requestSettingsProblems } from './request-settings.rules.ts';
import { defaultAuthOf, profileProblems, type TriggerProfileName } from './trigger-profile.rules.ts';
import { type FreshToken, freshToken, type TriggerToken } from './trigger-token.ts';
import { ChangeTrigger, CreateTrigger } from './trigger.requests.ts';
import { authOf, authProblems } from './trigger.rules.ts';
import { triggerRow } from './trigger-rows.ts';
import { type FoundTrigger, TriggerQueries } from './triggers.query.ts';

const DEFAULT_PROFILE: TriggerProfileName = 'native';

export interface TriggerWithToken {
  state: TriggerState;
  token: FreshToken | null;
  definition: FlowDefinition;
}

/** Creates and changes triggers: where requests come in, and with which credential. */
@Injectable()
export class Triggers {
  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly queries: TriggerQueries,
    private readonly flows: FlowQueries,
    private readonly sealing: Sealing,
  ) {}

  async create(body: unknown, app: AppScope, actor: Actor): Promise<Changed<TriggerWithToken>> {
    const request = await validated(CreateTrigger, body, (sent) => [
      ...settingsProblems(sent),
      ...profileProblems(sent.profile ?? DEFAULT_PROFILE, sent),
      ...orderingProblems(sent.ordering),
    ]);
    const flow = await this.flows.byId(request.flowId);
    if (!flow || flow.deleted || !app.sees(flow.state.appId)) {
      throw invalidRequest([{ pointer: '/flowId', message: 'there is no such flow' }]);
    }
    const profile = request.profile ?? DEFAULT_PROFILE;
    const sent = body as JsonObject;
    const auth = sent.auth === undefined ? defaultAuthOf(profile) : authOf(sent.auth);
    const now = new Date().toISOString();
    const trigger = {
      id: newId(),
      number: await nextNumber(this.pool, 'trigger'),
      appId: flow.state.appId,
      flowId: flow.state.id,
      name: request.name,
      profile,
      methods: request.methods ?? ['POST'],
      auth,
      props: sent.props ?? null,
      ordering: orderingOf(sent.ordering, profile),
      enabled: request.enabled ?? true,
      ...requestSettingsOf(body as JsonObject),
    };
    // Token security of profile `flow` is switched on and off (LC-06); the token is there either way.
    const token = auth.type === 'none' && trigger.profile !== 'flow' ? null : freshToken(trigger, now);
    const decision = createTrigger(trigger, token, now);
    const changed = await this.commit(decision, 0, actor, token);
    return { ...changed, value: { state: decision.state, token, definition: flow.definition } };
  }

  change(id: string, body: unknown, app: AppScope, actor: Actor, ifMatch?: string): Promise<Changed<TriggerState>> {
    return this.deciding(id, app, actor, ifMatch, async (trigger, now) => {
      const request = await validated(ChangeTrigger, body, (sent) => [
        ...settingsProblems(sent),
        ...profileProblems(trigger.state.profile, sent),
        ...orderingProblems(sent.ordering),
      ]);
      const { name, methods, enabled } = request;
      const sent = body as JsonObject;
      const patch = {
        ...(name === undefined ? {} : { name }),
        ...(methods === undefined ? {} : { methods }),
        ...(enabled === undefined ? {} : { enabled }),
        ...(sent.auth === undefined ? {} : { auth: authOf(sent.auth) }),
        ...(sent.props === undefined ? {} : { props: sent.props }),
        ...(sent.ordering === undefined ? {} : { ordering: orderingOf(sent.ordering, trigger.state.profile) }),
        ...requestSettingsOf(sent),
      };
      return changeTrigger(trigger, patch, now);
    });
  }

  /** A second live token, so that senders can change over before the first is revoked. */
  async addToken(id: string, app: AppScope, actor: Actor): Promise<Changed<TriggerWithToken>> {
    const token = freshToken((await this.get(id, app)).state, new Date().toISOString());
    const changed = await this.deciding(
      id,
      app,
      actor,
      undefined,
      async (trigger, now) => accepted(addToken(trigger, token, now)),
      token,
    );
    const flow = await this.flows.byId(changed.value.flowId);
    return { ...changed, value: { state: changed.value, token, definition: flow?.definition ?? { steps: [] } } };
  }

  revokeToken(id: string, tokenId: string, app: AppScope, actor: Actor): Promise<Changed<TriggerState>> {
    return this.deciding(id, app, actor, undefined, async (trigger, now) =>
      accepted(revokeToken(trigger, tokenId, now)),
    );
  }

  delete(id: string, app: AppScope, actor: Actor, ifMatch?: string): Promise<Changed<TriggerState>> {
    return this.deciding(id, app, actor, ifMatch, async (trigger, now) => deleteTrigger(trigger, now));
  }

  /** @throws AppError 404 when there is no such trigger as far as the caller may see. */
  async get(id: string, app: AppScope): Promise<FoundTrigger> {
    const trigger = isUuid(id) ? await this.queries.byId(id) : null;
    if (!trigger || trigger.deleted || !app.sees(trigger.state.appId)) {
      throw platformError('not_found', 'there is no such trigger');
    }
    return trigger;
  }

  private deciding(
    id: string,
    app: AppScope,
    actor: Actor,
    ifMatch: string | undefined,
    decide: (trigger: StoredTrigger, now: string) => Promise<TriggerDecision>,
    token: FreshToken | null = null,
  ): Promise<Changed<TriggerState>> {
    return this.changes.deciding(ifMatch, async () => {
      const trigger = await this.get(id, app);
      requireMatch(ifMatch, trigger.streamVersion);
      return this.commit(await decide(trigger, new Date().toISOString()), trigger.streamVersion, actor, token);
    });
  }

  private async commit(
    decision: TriggerDecision,
    expectedVersion: number,
    actor: Actor,
    token: FreshToken | null,
  ): Promise<Changed<TriggerState>> {
    const { event, state, revoked, sealing } = decision;
    if (!event) return { value: state, streamVersion: expectedVersion, propagating: false };
    const streamVersion = expectedVersion + 1;
    const alone = this.sealing.inTransaction(sealing, `trigger/${state.id}`);
    const committing = this.changes.commit({
      streamId: state.id,
      expectedVersion,
      appId: state.appId,
      actor,
      events: [event],
      alongside: [
        triggerRow(state, streamVersion, event.type === 'TriggerDeleted'),
        ...(token ? [grantAccess([grantOf(state, token.stored)])] : []),
        ...(revoked.length > 0 ? [revokeAccess(revoked)] : []),
      ],
      ...(alone ? { alone } : {}),
    });
    const position = await committing.catch(refuseSecondOfFlow);
    const propagating = await this.changes.isPropagating(position, ['gateway']);
    // A gateway that is late still opens what it knows; the next change deletes it then.
    if (!propagating) this.sealing.retireSoon(sealing);
    return { value: state, streamVersion, propagating };
  }
}

/** What the decorators of the classes cannot say. */
function settingsProblems(sent: JsonObject): FieldProblem[] {
  return [...authProblems(sent.auth), ...requestSettingsProblems(sent)];
}

/** LC-01: two requests at once are told apart by the database. */
function refuseSecondOfFlow(error: unknown): never {
  if (!(error instanceof AlongsideConflictError) || error.constraint !== 'trigger_of_profile_flow') throw error;
  throw registryError(
    'flow_has_trigger',
    'a flow has one trigger of profile "flow", because its address names the flow',
  );
}

/** With its own credential a trigger's caller reads the runs it started. */
function grantOf(trigger: TriggerState, token: TriggerToken) {
  return {
    tokenId: token.id,
    sha256: token.sha256,
    kind: 'trigger' as const,
    appId: trigger.appId,
    userId: null,
    triggerId: trigger.id,
    scopes: [],
    expiresAt: null,
  };
}

function accepted(decision: TriggerDecision | TriggerRefusal): TriggerDecision {
  if (typeof decision !== 'string') return decision;
  if (decision === 'no_such_token') throw platformError('not_found', 'the trigger has no such token');
  if (decision === 'too_many_tokens') throw registryError(decision, 'two tokens are live already: revoke one first');
  throw registryError(decision, 'the trigger asks for no token (auth none)');
}
