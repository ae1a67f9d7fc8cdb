import { Injectable } from '@nestjs/common';
import { type AppScope, grantAccess, revokeAccess } from '@sluice/access';
import { type FieldProblem, type FlowDefinition, isUuid, newId, type TriggerState, usesToken } from '@sluice/contracts';
import { AlongsideConflictError } from '@sluice/event-store';
import { OutboundClient } from '@sluice/outbound-http';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { nextNumber } from '../changes/numbers.ts';
import { FlowQueries, type FoundFlow } from '../flows/flows.query.ts';
import { registryError } from '../registry.errors.ts';
import { refuseTakenKey } from '../requests/external-keys.ts';
import { invalidRequest, type JsonObject, validated } from '../requests/validated.ts';
import { Sealing } from '../sealing/sealing.ts';
import { ForwardTargets } from './forward-to.ts';
import { orderingOf, orderingProblems } from './ordering.rules.ts';
import {
  addToken,
  changeTrigger,
  createTrigger,
  deleteTrigger,
  revokeToken,
  setCapture,
  type StoredTrigger,
  type TriggerDecision,
  type TriggerRefusal,
} from './trigger.decider.ts';
import { propsProblems } from './trigger.rules.ts';
import { requestSettingsOf, requestSettingsProblems } from './request-settings.rules.ts';
import { type AccessContext, accessProblems, accessSettingsOf } from '../trigger-auth/access-settings.ts';
import { authOf } from '../trigger-auth/auth.rules.ts';
import { addSecret, revokeSecret, type SecretRefusal } from '../trigger-auth/auth-secret.decider.ts';
import { type AddedSecret, firstSecretOf, newSecretFor, replacingSecretOf } from '../trigger-auth/fresh-secrets.ts';
import { AddTriggerSecret, addedSecretProblems } from '../trigger-auth/trigger-secret.requests.ts';
import { defaultAuthOf, listenerProblems, profileProblems, type TriggerProfileName } from './trigger-profile.rules.ts';
import { type FreshToken, freshToken, type TriggerToken } from './trigger-token.ts';
import { ChangeTrigger, CreateTrigger } from './trigger.requests.ts';
import { triggerRow } from './trigger-rows.ts';
import { type FoundTrigger, TriggerQueries } from './triggers.query.ts';

const NO_STEPS: FlowDefinition = { steps: [] };
const DEFAULT_PROFILE: TriggerProfileName = 'native';

export interface TriggerWithToken {
  state: TriggerState;
  token: FreshToken | null;
  /** In clear, when it was made here and not sent. */
  secret: string | null;
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
    private readonly outbound: OutboundClient,
    private readonly targets: ForwardTargets,
  ) {}

  /** @param named who named the listener, and how, where Lenra's clients did. */
  async create(
    body: unknown,
    app: AppScope,
    actor: Actor,
    named: Pick<NonNullable<TriggerState['listener']>, 'field' | 'userId'> = { field: 'action', userId: null },
  ): Promise<Changed<TriggerWithToken>> {
    const request = await validated(CreateTrigger, body, (sent) => [
      ...this.settingsProblems(sent, null),
      ...profileProblems(sent.profile ?? DEFAULT_PROFILE, sent),
      ...listenerProblems(sent),
      ...this.targets.problems(sent, null),
    ]);
    const { appId, flow } = await this.startedBy(request, app);
    const profile = request.profile ?? DEFAULT_PROFILE;
    const sent = body as JsonObject;
    const auth = sent.auth === undefined ? defaultAuthOf(profile) : authOf(sent.auth);
    const now = new Date().toISOString();
    const id = newId();
    const trigger = {
      id,
      number: await nextNumber(this.pool, 'trigger'),
      appId,
      flowId: request.flowId ?? null,
      name: request.name,
      profile,
      methods: request.methods ?? ['POST'],
      auth,
      props: sent.props ?? null,
      ordering: orderingOf(sent.ordering, profile),
      enabled: request.enabled ?? true,
      ...requestSettingsOf(sent),
      ...accessSettingsOf(sent, id, null),
      ...(request.externalKey ? { externalKey: request.externalKey } : {}),
      ...(request.listener === undefined ? {} : { listener: { name: request.listener, ...named } }),
      ...(sent.forwardTo ? { forwardTo: await this.targets.resolve(sent.forwardTo, appId) } : {}),
    };
    // Token security of profile `flow` is switched on and off (LC-06); the token is there either way.
    const token = usesToken(auth) || trigger.profile === 'flow' ? freshToken(trigger, now) : null;
    const first = firstSecretOf(auth, sent.auth, now);
    const decision = createTrigger(trigger, { token, secret: first?.secret ?? null }, now);
    const changed = await this.commit(decision, 0, actor, token);
    const secret = first?.isOurs ? first.secret.clear : null;
    return { ...changed, value: { state: decision.state, token, secret, definition: flow?.definition ?? NO_STEPS } };
  }

  /** The flow that requests will start; of a listener's name there may be none yet (LN-01). */
  private async startedBy(
    { flowId, listener, forwardTo }: CreateTrigger,
    app: AppScope,
  ): Promise<{ appId: string; flow: FoundFlow | null }> {
    if (forwardTo) return { appId: app.id, flow: null };
    if (flowId === undefined) return { appId: app.id, flow: await this.flows.byListener(app.id, listener as string) };
    const flow = await this.flows.byId(flowId);
    if (!flow || flow.deleted || !app.sees(flow.state.appId)) {
      throw invalidRequest([{ pointer: '/flowId', message: 'there is no such flow' }]);
    }
    return { appId: flow.state.appId, flow };
  }

  change(id: string, body: unknown, app: AppScope, actor: Actor, ifMatch?: string): Promise<Changed<TriggerState>> {
    return this.deciding(id, app, actor, ifMatch, async (trigger, now) => {
      const request = await validated(ChangeTrigger, body, (sent) => [
        ...this.settingsProblems(sent, trigger.state),
        ...profileProblems(trigger.state.profile, sent),
        ...this.targets.problems(sent, Boolean(trigger.state.forwardTo)),
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
        ...accessSettingsOf(sent, trigger.state.id, trigger.state),
        ...externalKeyOf(trigger.state, request.externalKey),
        ...(sent.forwardTo ? { forwardTo: await this.targets.resolve(sent.forwardTo, trigger.state.appId) } : {}),
      };
      return changeTrigger(trigger, patch, replacingSecretOf(sent.auth, now), now);
    });
  }

  /** A second live token, so that senders can change over before the first is revoked. */
  async addToken(id: string, app: AppScope, actor: Actor, ifMatch?: string): Promise<Changed<TriggerWithToken>> {
    const token = freshToken((await this.get(id, app)).state, new Date().toISOString());
    const changed = await this.deciding(
      id,
      app,
      actor,
      ifMatch,
      async (trigger, now) => accepted(addToken(trigger, token, now)),
      token,
    );
    const { flowId } = changed.value;
    const definition = (flowId === null ? null : await this.flows.byId(flowId))?.definition ?? NO_STEPS;
    return { ...changed, value: { state: changed.value, token, secret: null, definition } };
  }

  revokeToken(
    id: string,
    tokenId: string,
    app: AppScope,
    actor: Actor,
    ifMatch?: string,
  ): Promise<Changed<TriggerState>> {
    return this.deciding(id, app, actor, ifMatch, async (trigger, now) => accepted(revokeToken(trigger, tokenId, now)));
  }

  /** A second live secret, so that the sender can change over; made here unless it is sent. */
  async addSecret(
    id: string,
    body: unknown,
    app: AppScope,
    actor: Actor,
    ifMatch?: string,
  ): Promise<Changed<AddedSecret>> {
    let added: AddedSecret | null = null;
    const changed = await this.deciding(id, app, actor, ifMatch, async (trigger, now) => {
      const { auth } = trigger.state;
      const request = await validated(AddTriggerSecret, body, (sent) => addedSecretProblems(auth, sent.secret));
      added = newSecretFor(auth, request.secret, now);
      return acceptedSecret(addSecret(trigger, added.secret, now));
    });
    if (added === null) throw new Error('a secret was added without being made');
    return { ...changed, value: added };
  }

  revokeSecret(
    id: string,
    secretId: string,
    app: AppScope,
    actor: Actor,
    ifMatch?: string,
  ): Promise<Changed<TriggerState>> {
    return this.deciding(id, app, actor, ifMatch, async (trigger, now) =>
      acceptedSecret(revokeSecret(trigger, secretId, now)),
    );
  }

  /** GW-01: the next request within that time is stored as a sample and starts no run. Null disarms. */
  setCapture(id: string, durationMs: number | null, app: AppScope, actor: Actor): Promise<Changed<TriggerState>> {
    const until = durationMs === null ? null : new Date(Date.now() + durationMs).toISOString();
    const capture = until === null ? null : { id: newId(), until };
    return this.deciding(id, app, actor, undefined, async (trigger) => setCapture(trigger, capture));
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

  /** What the decorators of the classes cannot say. @param stored the trigger before the change, null when it is made. */
  private settingsProblems(sent: JsonObject, stored: TriggerState | null): FieldProblem[] {
    const context: AccessContext = { stored, urlProblem: (url) => this.outbound.checkUrl(url) };
    return [
      ...accessProblems(sent, context),
      ...requestSettingsProblems(sent),
      ...orderingProblems(sent.ordering),
      ...propsProblems(sent.props),
    ];
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
    const late = await Promise.all([
      this.changes.isPropagating(position, ['gateway']),
      revoked.length > 0 && this.changes.isAccessPropagating(),
    ]);
    const propagating = late.includes(true);
    // A gateway that is late still opens what it knows; the next change deletes it then.
    if (!propagating) this.sealing.retireSoon(sealing);
    return { value: state, streamVersion, propagating };
  }
}

/** Nothing when it stays as it is; also when null is sent for one that has none. */
function externalKeyOf(state: TriggerState, externalKey: string | null | undefined): Pick<TriggerState, 'externalKey'> {
  return externalKey === undefined || externalKey === (state.externalKey ?? null) ? {} : { externalKey };
}

/** LC-01: two requests at once are told apart by the database. */
function refuseSecondOfFlow(error: unknown): never {
  refuseTakenKey(error, 'trigger_external_key');
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

function acceptedSecret(decision: TriggerDecision | SecretRefusal): TriggerDecision {
  if (typeof decision !== 'string') return decision;
  if (decision === 'no_such_secret') throw platformError('not_found', 'the trigger has no such secret');
  if (decision === 'too_many_secrets') throw registryError(decision, 'two secrets are live already: revoke one first');
  throw registryError(decision, 'requests for this trigger are not proved by a secret of it (see its auth)');
}

function accepted(decision: TriggerDecision | TriggerRefusal): TriggerDecision {
  if (typeof decision !== 'string') return decision;
  if (decision === 'no_such_token') throw platformError('not_found', 'the trigger has no such token');
  if (decision === 'too_many_tokens') throw registryError(decision, 'two tokens are live already: revoke one first');
  throw registryError(decision, 'the trigger asks for no token (see its auth)');
}
