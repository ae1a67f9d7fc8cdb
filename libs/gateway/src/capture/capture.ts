import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { derivedId, type RequestCaptured } from '@sluice/contracts';
import { type EventStorePort, type NewEvent, VersionConflictError } from '@sluice/event-store';
import { Payloads } from '@sluice/payloads';
import { InjectStore, metrics } from '@sluice/platform';
import type { Admission, AdmissionCheck, EarlyAnswer, Verdict } from '../accept/admission.ts';
import { credentialHeadersOf } from '@sluice/trigger-credentials';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { eventHeaders } from '../inbound/event-headers.rules.ts';
import { flowIdOf } from '../routing/route.ts';

const MAX_REMEMBERED = 10_000;

/**
 * GW-01, capture: the first request after somebody armed the trigger is stored as a sample and starts no run. Which is
 * the first is decided by the store: the event's stream is derived from the capture, so of all requests at all replicas
 * one append succeeds, and the others go on to be run.
 */
@Injectable()
export class Capture implements AdmissionCheck {
  readonly #captured = metrics.counter('sluice_gateway_captured_total', 'Requests stored as samples, without a run');
  /** Captures that are over or under way, as far as this process knows, so that each costs one append. */
  readonly #taken = new Set<string>();

  constructor(
    @InjectStore('gateway') private readonly store: EventStorePort,
    private readonly payloads: Payloads,
  ) {}

  check(admission: Admission): Verdict | Promise<Verdict> {
    const { capture, enabled } = admission.route.trigger;
    if (capture === null || !enabled || admission.mode === 'draft') return;
    if (capture.untilMs <= Date.now() || this.#taken.has(capture.id)) return;
    if (this.#taken.size >= MAX_REMEMBERED) this.#taken.clear();
    this.#taken.add(capture.id);
    return this.#capture(admission, capture.id);
  }

  async #capture(admission: Admission, captureId: string): Promise<Verdict> {
    try {
      await this.#append(admission, captureId);
    } catch (error) {
      // Another replica was first: this request is one like any other.
      if (error instanceof VersionConflictError) return;
      this.#taken.delete(captureId);
      throw error;
    }
    this.#captured.inc();
    return answerOf(captureId);
  }

  async #append(admission: Admission, captureId: string): Promise<void> {
    const { body, route } = admission;
    const large = body.length > GATEWAY_LIMITS.inlineBodyBytes;
    const bodyPayloadId = large ? await this.payloads.put(body) : null;
    const id = derivedId('capture', captureId, '');
    const event: NewEvent = {
      type: 'RequestCaptured',
      appId: route.trigger.appId,
      data: capturedOf(admission, captureId, bodyPayloadId),
      meta: { correlationId: id, causationId: null },
    };
    if (body.length > 0 && !large) event.body = body;
    const alongside = bodyPayloadId === null ? [] : [this.payloads.reference([bodyPayloadId])];
    await this.store.append(id, 0, [event], { alongside });
  }
}

function capturedOf(
  { route, request, query, body, address }: Admission,
  captureId: string,
  bodyPayloadId: string | null,
): RequestCaptured {
  const { triggerId, profile, auth } = route.trigger;
  return {
    captureId,
    triggerId,
    flowId: flowIdOf(route),
    profile,
    method: request.method as string,
    query,
    headers: eventHeaders(request.headers, credentialHeadersOf(auth)),
    contentType: request.headers['content-type'] ?? null,
    bodySize: body.length,
    bodySha256: hash('sha256', body, 'hex'),
    bodyPayloadId,
    remoteAddress: address,
    receivedAt: new Date().toISOString(),
  };
}

function answerOf(captureId: string): EarlyAnswer {
  const text = JSON.stringify({ id: captureId, status: 'captured' });
  return (response: ServerResponse) => {
    response.writeHead(202, ['content-type', 'application/json; charset=utf-8', 'content-length', String(text.length)]);
    response.end(text);
  };
}
