import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { TriggerAccepted, TriggerForwarded } from '@sluice/contracts';
import type { EventMeta, EventStorePort, NewEvent } from '@sluice/event-store';
import { Payloads } from '@sluice/payloads';
import { failpoint, InjectSettings, InjectStore, metrics, type Settings } from '@sluice/platform';
import { multipartFiles, WIDEST_BODY_LIMITS } from '@sluice/request-body';
import { credentialHeadersOf } from '@sluice/trigger-credentials';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { eventHeaders } from '../inbound/event-headers.rules.ts';
import type { Admission } from './admission.ts';
import type { TriggerRoute } from '../routing/route.ts';
import { hopsOf } from './hops.rules.ts';

/** Where a request stands in its trace. */
export interface RequestTrace {
  traceparent: string | undefined;
}

const NO_FILES: readonly string[] = [];

/** Makes a checked request durable. */
@Injectable()
export class TriggerAcceptor {
  readonly #accepted = metrics.counter('sluice_gateway_accepted_total', 'Requests answered after their commit', [
    'profile',
  ]);

  constructor(
    @InjectStore('gateway') private readonly store: EventStorePort,
    @InjectSettings() private readonly settings: Settings,
    private readonly payloads: Payloads,
  ) {}

  /**
   * Resolves once the request is committed. Whoever waits for its run registers under its id before calling this.
   * @param waits whether the caller waits here for the run's answer.
   * @throws a transient error when the store is away; VersionConflictError and what its `alongside` conflicts with.
   */
  async accept(admission: Admission, waits: boolean, trace: RequestTrace): Promise<void> {
    const { id, route, body } = admission;
    const large = body.length > GATEWAY_LIMITS.inlineBodyBytes;
    const bodyPayloadId = large ? await this.payloads.put(body) : null;
    const fileIds = admission.bodyKind === 'multipart' ? await this.#storeFiles(admission) : NO_FILES;
    const { forwardTo } = route.trigger;
    const data = this.#dataOf(admission, waits, bodyPayloadId, fileIds);
    const event: NewEvent = {
      type: forwardTo === null ? 'TriggerAccepted' : 'TriggerForwarded',
      appId: route.trigger.appId,
      data: forwardTo === null ? data : forwardedOf(data, forwardTo),
      meta: metaOf(id, trace.traceparent, hopsOf(admission.request.headers)),
    };
    if (body.length > 0 && !large) event.body = body;
    // Requests of one key go one way, so that their order stays what it is.
    if (admission.more?.orderingKey !== undefined) event.partitionKey = admission.more.orderingKey;
    failpoint('gateway.before-append');
    const stored = bodyPayloadId === null ? fileIds : [bodyPayloadId, ...fileIds];
    const alongside =
      stored.length === 0 ? admission.alongside : [...admission.alongside, this.payloads.reference(stored)];
    await this.store.append(id, 0, [event], { alongside });
    failpoint('gateway.after-append');
    admission.decide(true);
    this.#accepted.inc({ profile: route.trigger.profile });
  }

  /** Files lie beside the raw body, so that a flow can hand one on without the others. */
  #storeFiles({ body, request }: Admission): Promise<string[]> {
    const files = multipartFiles(body, request.headers['content-type'], WIDEST_BODY_LIMITS);
    return this.payloads.putAll(files.map((file) => file.bytes));
  }

  #dataOf(
    admission: Admission,
    waits: boolean,
    bodyPayloadId: string | null,
    fileIds: readonly string[],
  ): TriggerAccepted {
    const { request, body, route } = admission;
    const { trigger } = route;
    const { headers } = request;
    admission.receivedAt = new Date().toISOString();
    const data: TriggerAccepted = {
      triggerId: trigger.triggerId,
      flowId: route.flow.flowId,
      mode: admission.mode,
      profile: trigger.profile,
      method: request.method as string,
      query: admission.query,
      headers: eventHeaders(headers, credentialHeadersOf(trigger.auth)),
      contentType: headers['content-type'] ?? null,
      bodyKind: admission.bodyKind,
      bodySize: body.length,
      bodySha256: hash('sha256', body, 'hex'),
      bodyPayloadId,
      remoteAddress: admission.address,
      receivedAt: admission.receivedAt,
      replyTo: waits ? this.settings.instanceId : null,
      props: trigger.props,
    };
    // Added here: what follows a spread within a literal is defined by the slow way, property by property.
    if (fileIds.length > 0) data.fileIds = [...fileIds];
    return admission.more === null ? data : { ...data, ...admission.more };
  }
}

/** GW-11: what belongs to a run is left out. */
function forwardedOf(
  data: TriggerAccepted,
  { endpoints, headers: forwardHeaders }: NonNullable<TriggerRoute['forwardTo']>,
): TriggerForwarded {
  const { triggerId, profile, method, query, headers, contentType, bodySize, bodySha256, bodyPayloadId } = data;
  const { remoteAddress, receivedAt } = data;
  const request = { triggerId, profile, method, query, headers, contentType, bodySize, bodySha256, bodyPayloadId };
  return { ...request, remoteAddress, receivedAt, flowId: null, endpoints, forwardHeaders };
}

function metaOf(id: string, traceparent: string | undefined, hops: number): EventMeta {
  const meta: EventMeta = { correlationId: id, causationId: null };
  if (traceparent !== undefined) meta.traceparent = traceparent;
  if (hops > 0) meta.hops = hops;
  return meta;
}
