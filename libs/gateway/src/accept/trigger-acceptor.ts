import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { newId, type TriggerAccepted } from '@sluice/contracts';
import type { EventMeta, EventStorePort, NewEvent } from '@sluice/event-store';
import { Payloads } from '@sluice/payloads';
import { failpoint, InjectSettings, InjectStore, metrics, type Settings } from '@sluice/platform';
import type { BodyKind, FormFields } from '@sluice/request-body';
import { credentialHeaderOf } from '../authentication/trigger-credential.rules.ts';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { ClientAddress } from '../inbound/client-address.ts';
import { eventHeaders } from '../inbound/event-headers.rules.ts';
import type { Route } from '../routing/route.ts';
import type { RunMode } from './admission.rules.ts';

/** A request that has passed every check. */
export interface CheckedRequest {
  route: Route;
  mode: RunMode;
  request: IncomingMessage;
  query: FormFields;
  body: Buffer;
  bodyKind: BodyKind;
  /** Whether the caller waits for the run's answer. */
  waits: boolean;
}

/** Where a request stands in its trace. */
export interface RequestTrace {
  traceparent: string | undefined;
}

/** Makes a checked request durable. */
@Injectable()
export class TriggerAcceptor {
  readonly #address: ClientAddress;
  readonly #accepted = metrics.counter('sluice_gateway_accepted_total', 'Requests answered after their commit', [
    'profile',
  ]);

  constructor(
    @InjectStore('gateway') private readonly store: EventStorePort,
    @InjectSettings() private readonly settings: Settings,
    private readonly payloads: Payloads,
  ) {
    this.#address = new ClientAddress(settings.trustedProxies);
  }

  /**
   * Resolves once the request is committed. The id is the request's and that of the run it starts; whoever waits for
   * the run registers under it before calling this.
   * @throws a transient error when the store is away.
   */
  async accept(id: string, checked: CheckedRequest, trace: RequestTrace): Promise<void> {
    const { route, body } = checked;
    const large = body.length > GATEWAY_LIMITS.inlineBodyBytes;
    const bodyPayloadId = large ? await this.payloads.put(body) : null;
    const event: NewEvent = {
      type: 'TriggerAccepted',
      appId: route.trigger.appId,
      data: this.#dataOf(checked, bodyPayloadId),
      meta: metaOf(id, trace.traceparent),
    };
    if (body.length > 0 && !large) event.body = body;
    failpoint('gateway.before-append');
    const alongside = bodyPayloadId === null ? [] : [this.payloads.reference([bodyPayloadId])];
    await this.store.append(id, 0, [event], { alongside });
    failpoint('gateway.after-append');
    this.#accepted.inc({ profile: route.trigger.profile });
  }

  #dataOf(checked: CheckedRequest, bodyPayloadId: string | null): TriggerAccepted {
    const { request, body, route } = checked;
    const { trigger } = route;
    const { headers, socket } = request;
    return {
      triggerId: trigger.triggerId,
      flowId: trigger.flowId,
      mode: checked.mode,
      profile: trigger.profile,
      method: request.method as string,
      query: checked.query,
      headers: eventHeaders(headers, credentialHeaderOf(trigger.auth)),
      contentType: headers['content-type'] ?? null,
      bodyKind: checked.bodyKind,
      bodySize: body.length,
      bodySha256: hash('sha256', body, 'hex'),
      bodyPayloadId,
      remoteAddress: this.#address.of(socket.remoteAddress, headers['x-forwarded-for']),
      receivedAt: new Date().toISOString(),
      replyTo: checked.waits ? this.settings.instanceId : null,
      props: trigger.props,
    };
  }
}

/** A new request id, which is also the id of the run. */
export function newRequestId(): string {
  return newId();
}

function metaOf(id: string, traceparent: string | undefined): EventMeta {
  return { correlationId: id, causationId: null, ...(traceparent === undefined ? {} : { traceparent }) };
}
