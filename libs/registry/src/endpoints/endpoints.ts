import { Injectable } from '@nestjs/common';
import type { AppScope } from '@sluice/access';
import { type EndpointState, isUuid, newId } from '@sluice/contracts';
import { headerProblem, OutboundClient } from '@sluice/outbound-http';
import { InjectPool, platformError } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, ChangeLog, requireMatch } from '../changes/change-log.ts';
import type { Changed } from '../changes/changed.ts';
import { nextNumber } from '../changes/numbers.ts';
import { refuseTakenKey } from '../requests/external-keys.ts';
import { validated } from '../requests/validated.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  type EndpointDecision,
  type SentEndpoint,
  type StoredEndpoint,
} from './endpoint.decider.ts';
import { ChangeEndpoint, CreateEndpoint } from './endpoint.requests.ts';
import { endpointProblems, type OutboundRules } from './endpoint.rules.ts';
import { endpointRow } from './endpoint-rows.ts';
import { EndpointQueries, type FoundEndpoint } from './endpoints.query.ts';
import { Sealing } from '../sealing/sealing.ts';

/** Creates and changes endpoints: who is told about which events, and how. */
@Injectable()
export class Endpoints {
  private readonly outboundRules: OutboundRules;

  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly queries: EndpointQueries,
    private readonly sealing: Sealing,
    outbound: OutboundClient,
  ) {
    this.outboundRules = { checkUrl: (url) => outbound.checkUrl(url), headerProblem };
  }

  async create(body: unknown, appId: string, actor: Actor): Promise<Changed<EndpointState>> {
    const request = await validated(CreateEndpoint, body, (sent) => endpointProblems(sent, null, this.outboundRules));
    const { name, url, events } = request;
    const identity = { id: await nextNumber(this.pool, 'endpoint'), uuid: newId(), appId };
    const decision = createEndpoint(
      identity,
      { ...sentOf(request), name, url, events },
      new Date().toISOString(),
      newId,
    );
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
      const check = (sent: Record<string, unknown>) => endpointProblems(sent, endpoint.state, this.outboundRules);
      return changeEndpoint(endpoint, sentOf(await validated(ChangeEndpoint, body, check)), now, newId);
    });
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

  private async commit(
    decision: EndpointDecision,
    expectedVersion: number,
    actor: Actor,
  ): Promise<Changed<EndpointState>> {
    const { event, state, sealing } = decision;
    if (!event) return { value: state, streamVersion: expectedVersion, propagating: false };
    const streamVersion = expectedVersion + 1;
    const alone = this.sealing.inTransaction(sealing, `endpoint/${state.uuid}`);
    const committing = this.changes.commit({
      streamId: state.uuid,
      expectedVersion,
      appId: state.appId,
      actor,
      events: [event],
      alongside: [endpointRow(state, streamVersion, event.type === 'EndpointDeleted')],
      ...(alone ? { alone } : {}),
    });
    const position = await committing.catch((error: unknown) => {
      refuseTakenKey(error, 'endpoint_external_key');
      throw error;
    });
    const propagating = await this.changes.isPropagating(position, ['dispatcher']);
    // A dispatcher that is late still opens what it knows; the next change deletes it then.
    if (!propagating) this.sealing.retireSoon(sealing);
    return { value: state, streamVersion, propagating };
  }
}

function sentOf(request: CreateEndpoint | ChangeEndpoint): SentEndpoint {
  const { name, description, events, url, method, contentType, includeEntity, enabled, headers, secret } = request;
  const { basicUser, basicPass, format, retry, rateLimit, concurrency, externalKey } = request;
  const retrySchedule = retry === undefined ? undefined : (retry?.schedule ?? null);
  const sent = { name, description, events, url, method, contentType, includeEntity, enabled, headers, secret };
  const all = { ...sent, basicUser, basicPass, format, retrySchedule, rateLimit, concurrency, externalKey };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as SentEndpoint;
}
