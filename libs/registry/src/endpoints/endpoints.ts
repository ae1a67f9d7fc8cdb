import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import { randomBytes } from 'node:crypto';
import { type EndpointState, type FieldProblem, isUuid, newId, parseDurationMs } from '@sluice/contracts';
import { endpointProblems, newSecret, type OutboundRules, secretProblems } from '@sluice/endpoints';
import { AlongsideConflictError, type Position } from '@sluice/event-store';
import { headerProblem, OutboundClient } from '@sluice/outbound-http';
import { InjectPool, InjectSettings, type Settings, platformError } from '@sluice/platform';
import { MASK } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import { type Actor, type Change, ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { nextNumber } from '../changes/numbers.ts';
import { refuseTakenKey } from '../requests/external-keys.ts';
import { registryError } from '../registry.errors.ts';
import { validated } from '../requests/validated.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  type EndpointDecision,
  livePreviousSecrets,
  MAX_PREVIOUS_SECRETS,
  rotateSecret,
  type SentEndpoint,
  type StoredEndpoint,
} from './endpoint.decider.ts';
import { ChangeEndpoint, CreateEndpoint, RotateSecret } from './endpoint.requests.ts';
import { endpointRow } from './endpoint-rows.ts';
import { EndpointQueries, type FoundEndpoint } from './endpoints.query.ts';
import { Sealing } from '../sealing/sealing.ts';

/** Creates and changes endpoints: who is told about which events, and how. */
@Injectable()
export class Endpoints {
  private readonly outboundRules: (appId: string) => OutboundRules;

  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly queries: EndpointQueries,
    private readonly sealing: Sealing,
    outbound: OutboundClient,
    @InjectSettings() { etlPrefix, etlPrefixOfApp = {} }: Settings,
  ) {
    const checkUrl = (url: string): string | null => outbound.checkUrl(url);
    this.outboundRules = (appId) => ({ checkUrl, headerProblem, etlPrefix: etlPrefixOfApp[appId] ?? etlPrefix });
  }

  async create(body: unknown, appId: string, actor: Actor): Promise<Changed<EndpointState>> {
    const request = await validated(CreateEndpoint, body, (sent) =>
      endpointProblems(sent, null, this.outboundRules(appId)),
    );
    const { kind, name, url } = request;
    const identity = { id: await nextNumber(this.pool, 'endpoint'), uuid: newId(), appId };
    const sent = { ...sentOf(request), kind, name, url };
    const decision = createEndpoint(identity, sent, new Date().toISOString(), newId);
    return this.commit(decision, 0, actor);
  }

  change(
    id: string,
    body: unknown,
    app: AppScope,
    actor: Actor,
    ifMatch: string | undefined,
  ): Promise<Changed<EndpointState>> {
    return this.deciding(id, app, actor, ifMatch, async (endpoint, now) => {
      const check = (sent: Record<string, unknown>) =>
        endpointProblems(sent, endpoint.state, this.outboundRules(endpoint.state.appId));
      return changeEndpoint(endpoint, sentOf(await validated(ChangeEndpoint, body, check)), now, newId);
    });
  }

  /**
   * DL-01. The new secret is told once, here.
   * @throws AppError `too_many_secrets` while three earlier ones still sign.
   */
  async rotate(
    id: string,
    body: unknown,
    app: AppScope,
    actor: Actor,
    ifMatch: string | undefined,
  ): Promise<Changed<EndpointState> & { secret: string }> {
    const { overlap = DEFAULT_OVERLAP, secret = newSecret(randomBytes(32)) } = await validated(
      RotateSecret,
      body ?? {},
      rotationProblems,
    );
    const changed = await this.deciding(id, app, actor, ifMatch, (endpoint, now) => {
      if (livePreviousSecrets(endpoint.state, now).length >= MAX_PREVIOUS_SECRETS) {
        throw registryError(
          'too_many_secrets',
          `${MAX_PREVIOUS_SECRETS} earlier secrets still sign: wait for one to end`,
        );
      }
      return Promise.resolve(rotateSecret(endpoint, secret, parseDurationMs(overlap) ?? 0, now, newId));
    });
    return { ...changed, secret };
  }

  delete(id: string, app: AppScope, actor: Actor, ifMatch: string | undefined): Promise<Changed<EndpointState>> {
    return this.deciding(id, app, actor, ifMatch, async (endpoint, now) => deleteEndpoint(endpoint, now));
  }

  /**
   * By integer or uuid, also when it was deleted.
   * @throws AppError 404 when there is none as far as the caller may see.
   */
  async find(id: string, app: AppScope): Promise<FoundEndpoint> {
    const byNumber = /^[1-9]\d{0,8}$/.test(id);
    const endpoint = byNumber
      ? await this.queries.byNumber(Number(id))
      : isUuid(id)
        ? await this.queries.byUuid(id)
        : null;
    if (!endpoint || !app.sees(endpoint.state.appId)) throw platformError('not_found', 'there is no such endpoint');
    return endpoint;
  }

  async get(id: string, app: AppScope): Promise<FoundEndpoint> {
    const endpoint = await this.find(id, app);
    if (endpoint.deleted) throw platformError('not_found', 'there is no such endpoint');
    return endpoint;
  }

  private deciding(
    id: string,
    app: AppScope,
    actor: Actor,
    ifMatch: string | undefined,
    decide: (endpoint: StoredEndpoint, now: string) => Promise<EndpointDecision>,
  ): Promise<Changed<EndpointState>> {
    return this.changes.deciding(ifMatch, async () => {
      const endpoint = await this.get(id, app);
      requireMatch(ifMatch, endpoint.streamVersion);
      return this.commit(await decide(endpoint, new Date().toISOString()), endpoint.streamVersion, actor);
    });
  }

  /** LU-04: a flow calls an inline endpoint by its name. */
  private async committing(change: Change): Promise<Position> {
    try {
      return await this.changes.commit(change);
    } catch (error) {
      refuseTakenKey(error, 'endpoint_external_key');
      if (!(error instanceof AlongsideConflictError) || error.constraint !== 'inline_endpoint_name') throw error;
      throw registryError('name_taken', 'another inline endpoint of the app has this name', { cause: error });
    }
  }

  private async commit(
    decision: EndpointDecision,
    expectedVersion: number,
    actor: Actor,
  ): Promise<Changed<EndpointState>> {
    const { event, state, sealing } = decision;
    if (!event) return { value: state, streamVersion: expectedVersion, propagating: false };
    const streamVersion = expectedVersion + 1;
    const alone = this.sealing.inTransaction(sealing, `endpoint/${state.uuid}`);
    const position = await this.committing({
      streamId: state.uuid,
      expectedVersion,
      appId: state.appId,
      actor,
      events: [event],
      alongside: [endpointRow(state, streamVersion, event.type === 'EndpointDeleted')],
      ...(alone ? { alone } : {}),
    });
    const propagating = await this.changes.isPropagating(
      position,
      state.kind === 'inline' ? ['dispatcher', 'runner'] : ['dispatcher'],
    );
    // A dispatcher that is late still opens what it knows; the next change deletes it then.
    if (!propagating) this.sealing.retireSoon(sealing);
    return { value: state, streamVersion, propagating };
  }
}

/** How long a secret that was rotated away signs as well, unless the request says otherwise. */
const DEFAULT_OVERLAP = 'PT24H';
const MAX_OVERLAP_MS = 7 * 86_400_000;

function rotationProblems({ overlap, secret }: Record<string, unknown>): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (overlap !== undefined) {
    const ms = typeof overlap === 'string' ? parseDurationMs(overlap) : null;
    if (ms === null || ms > MAX_OVERLAP_MS) {
      problems.push({ pointer: '/overlap', message: 'must be an ISO 8601 duration of at most P7D' });
    }
  }
  if (secret === MASK || secret === null || secret === '') {
    problems.push({ pointer: '/secret', message: 'must be the new secret, or left out' });
  }
  return problems.length > 0 ? problems : secretProblems('/secret', secret, null);
}

function sentOf(request: CreateEndpoint | ChangeEndpoint): SentEndpoint {
  const { name, description, events, url, method, contentType, includeEntity, enabled, headers, secret } = request;
  const {
    basicUser,
    basicPass,
    format,
    retry,
    rateLimit,
    concurrency,
    hookType,
    filter,
    transform,
    ordering,
    externalKey,
    customer,
  } = request;
  const retrySchedule = retry === undefined ? undefined : (retry?.schedule ?? null);
  const sent = { name, description, events, url, method, contentType, includeEntity, enabled, headers, secret };
  const later = { hookType, filter, transform, ordering, externalKey, customer };
  const all = { ...sent, basicUser, basicPass, format, retrySchedule, rateLimit, concurrency, ...later };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as SentEndpoint;
}
