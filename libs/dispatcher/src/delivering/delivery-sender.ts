import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AttemptError, AttemptFinished, EndpointState } from '@sluice/contracts';
import { type EndpointSecrets, recordedText, SigningAside } from '@sluice/endpoints';
import { isTransientError } from '@sluice/event-store';
import { inTrace, startWork } from '@sluice/observability';
import { OutboundClient, type OutboundResult } from '@sluice/outbound-http';
import { failpoint, metrics } from '@sluice/platform';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { askedWaitMs, decideAttempt } from './attempt.decider.ts';
import { AttemptRecorder } from './attempt-recorder.ts';
import { EndpointHealth } from '../health/endpoint-health.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { RawBodies } from '../requests/raw-bodies.ts';
import {
  isFinal,
  type PreparedRequest,
  type RequestFacts,
  requestOf,
  type SignedRequest,
} from '../requests/delivery-request.ts';
import type { Delivery } from './delivery.ts';
import { SecretOpener } from './secret-opener.ts';
import { WholeBodies } from './whole-bodies.ts';

const log = new Logger('dispatcher.deliveries');
const attemptsTotal = metrics.counter('sluice_delivery_attempts_total', 'Attempts by what became of them', ['outcome']);
const attemptSeconds = metrics.histogram(
  'sluice_delivery_attempt_seconds',
  'Duration of attempts, from the name’s resolution to the last byte',
  [0.005, 0.02, 0.1, 0.5, 2, 5, 15],
);
const discardedTotal = metrics.counter('sluice_deliveries_discarded_total', 'Deliveries ended without an attempt');

/**
 * From so many on attempts are signed on a thread beside. Below it a delivery is sooner out when it waits for no other
 * thread, and a dispatcher with little to do has no such thread.
 */
const MANY_UNDER_WAY = 8;

/** Makes one attempt of a delivery: sign, send, decide, record. */
@Injectable()
export class DeliverySender {
  /** Attempts begun and not recorded yet. */
  #underWay = 0;

  constructor(
    @Inject(OutboundClient) private readonly client: OutboundClient,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(SecretOpener) private readonly opener: SecretOpener,
    @Inject(RawBodies) private readonly raw: RawBodies,
    @Inject(WholeBodies) private readonly bodies: WholeBodies,
    @Inject(AttemptRecorder) private readonly recorder: AttemptRecorder,
    @Inject(EndpointHealth) private readonly health: EndpointHealth,
    @Inject(SigningAside) private readonly aside: SigningAside,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  /**
   * Resolves when the attempt is recorded. The endpoint may have changed since the delivery was planned: what it is
   * now decides.
   * @param onSent called when the receiver has nothing to do with it any more, before the recording.
   */
  async attempt(delivery: Delivery, onSent: () => void): Promise<void> {
    if (delivery.claim.lost) return;
    this.#underWay++;
    try {
      await this.#attempt(delivery, onSent);
    } finally {
      this.#underWay--;
    }
  }

  async #attempt(delivery: Delivery, onSent: () => void): Promise<void> {
    const endpoint = await this.#endpointOf(delivery);
    if (!endpoint || !endpoint.enabled) {
      return this.#discard(delivery, endpoint, endpoint ? 'endpoint_disabled' : 'endpoint_deleted');
    }
    // Most attempts have no need to wait for either: each wait is a turn of the queue of promises, and garbage.
    const secrets =
      this.opener.known(endpoint, Date.now()) ?? (await this.#patiently(delivery, () => this.#secretsOf(endpoint)));
    const raw = delivery.event.forward ? await this.#patiently(delivery, () => this.raw.of(delivery.event)) : null;
    if (secrets === 'lost' || raw === 'lost') return;
    const work = startWork(`deliver ${delivery.event.type}`, {
      parent: delivery.meta.traceparent,
      kind: 'client',
      attributes: { 'sluice.delivery': delivery.deliveryId, 'sluice.endpoint': endpoint.uuid },
    });
    const startMs = this.config.now();
    const prepared = await this.#prepare(
      { delivery, endpoint, nowMs: startMs, traceparent: work.traceparent },
      secrets,
      raw,
    );
    if ('filtered' in prepared) {
      work.end();
      return this.#discard(delivery, endpoint, 'filtered');
    }
    const signed = 'ready' in prepared ? prepared.ready : null;
    failpoint('dispatcher.before-send');
    const result = 'ready' in prepared ? await this.#send(endpoint, prepared.ready) : unsendable(prepared.error);
    failpoint('dispatcher.after-send');
    onSent();
    const attempt = this.#attemptOf(delivery, endpoint, signed, result, startMs);
    work.set({ 'sluice.outcome': attempt.outcome, 'http.response.status_code': attempt.response?.status ?? 0 });
    work.end(attempt.outcome === 'succeeded' ? undefined : (attempt.error?.message ?? attempt.outcome));
    if (attempt.outcome !== 'succeeded') inTrace(work.traceparent, () => tellFailure(attempt));
    if (signed) this.#learn(endpoint, result, attempt.outcome === 'succeeded');
    attemptsTotal.inc({ outcome: attempt.outcome });
    attemptSeconds.observe(result.durationMs / 1000);
    const answered = result.ok ? result.body : null;
    const kept = this.bodies.isWhole(attempt)
      ? attempt
      : await this.#patiently(delivery, () => this.bodies.keep(attempt, signed?.body ?? '', answered));
    if (kept !== 'lost') await this.recorder.finished(delivery, kept, work.traceparent);
  }

  async #endpointOf(delivery: Delivery): Promise<EndpointState | undefined> {
    const known = this.endpoints.find(delivery.endpointUuid);
    if (known) return known;
    // Another replica may have matched an endpoint that this one has not copied yet.
    await this.endpoints.refresh();
    return this.endpoints.find(delivery.endpointUuid);
  }

  async #discard(delivery: Delivery, endpoint: EndpointState | undefined, reason: string): Promise<void> {
    const endpointId =
      endpoint?.id ?? (await this.#patiently(delivery, () => this.endpoints.idOf(delivery.endpointUuid)));
    if (endpointId === 'lost') return;
    discardedTotal.inc();
    await this.recorder.discarded(delivery, {
      deliveryId: delivery.deliveryId,
      eventId: delivery.event.eventId,
      eventType: delivery.event.type,
      ...(endpoint ? { endpointName: endpoint.name } : {}),
      endpointId,
      endpointUuid: delivery.endpointUuid,
      reason,
      at: new Date(this.config.now()).toISOString(),
    });
  }

  #learn(endpoint: EndpointState, result: OutboundResult, succeeded: boolean): void {
    const nowMs = this.config.now();
    const status = result.ok ? result.status : null;
    const askedMs = result.ok ? askedWaitMs(result.status, result.headers['retry-after'], nowMs) : null;
    this.health.learn(endpoint, { succeeded, status, askedMs, nowMs });
  }

  /** Again while the database is away, for as long as the delivery is ours. */
  async #patiently<T>(delivery: Delivery, read: () => Promise<T>): Promise<T | 'lost'> {
    for (;;) {
      try {
        return await read();
      } catch (error) {
        if (!isTransientError(error)) throw error;
        if (delivery.claim.lost) return 'lost';
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** A secret that cannot be opened is a failed attempt; a database that is away is not. */
  async #secretsOf(endpoint: EndpointState): Promise<EndpointSecrets | AttemptError> {
    try {
      return await this.opener.open(endpoint, Date.now());
    } catch (error) {
      if (isTransientError(error)) throw error;
      log.error(`a secret of endpoint ${endpoint.uuid} cannot be opened: ${(error as Error).message}`);
      return { stage: 'request', code: 'secret_unavailable', message: 'a secret of the endpoint cannot be opened' };
    }
  }

  async #prepare(
    facts: Pick<RequestFacts, 'delivery' | 'endpoint' | 'nowMs' | 'traceparent'>,
    secrets: EndpointSecrets | AttemptError,
    raw: Uint8Array | AttemptError | null,
  ): Promise<PreparedRequest> {
    if (!('headerValues' in secrets)) return { error: secrets };
    if (raw !== null && 'code' in raw) return { error: raw };
    return requestOf({
      ...facts,
      secrets,
      raw,
      etlPrefix: this.config.prefixOf(facts.endpoint.appId),
      signAside: this.#underWay >= MANY_UNDER_WAY ? this.aside : null,
    });
  }

  #send(endpoint: EndpointState, { headers, body }: SignedRequest): Promise<OutboundResult> {
    return this.client.send({
      method: endpoint.method,
      url: endpoint.url,
      headers: headers.sent,
      body,
      timeoutMs: this.config.attemptTimeoutMs,
    });
  }

  #attemptOf(
    delivery: Delivery,
    endpoint: EndpointState,
    signed: SignedRequest | null,
    result: OutboundResult,
    startMs: number,
  ): AttemptFinished {
    const tries = delivery.tries + 1;
    const { outcome, nextAttemptAtMs } = decideAttempt({
      status: result.ok ? result.status : null,
      retryAfter: result.ok ? result.headers['retry-after'] : undefined,
      schedule: !result.ok && isFinal(result.error) ? [] : endpoint.retrySchedule,
      tries,
      nowMs: this.config.now(),
      random: Math.random(),
    });
    return {
      deliveryId: delivery.deliveryId,
      eventId: delivery.event.eventId,
      eventType: delivery.event.type,
      endpointId: endpoint.id,
      endpointUuid: endpoint.uuid,
      runId: delivery.event.runId,
      number: delivery.number + 1,
      ...(delivery.tries === 0 && delivery.number > 0 ? { again: true as const } : {}),
      at: new Date(startMs).toISOString(),
      durationMs: Math.round(result.durationMs),
      request: {
        method: endpoint.method,
        url: endpoint.url,
        headers: signed?.headers.recorded ?? {},
        ...this.#recordedRequest(signed?.body ?? ''),
      },
      response: result.ok ? this.#recordedResponse(result) : null,
      error: result.ok ? null : result.error,
      outcome,
      nextAttemptAt: nextAttemptAtMs === null ? null : new Date(this.#nextOf(endpoint, nextAttemptAtMs)).toISOString(),
      ...(delivery.replayId === undefined ? {} : { replayId: delivery.replayId, endpointName: endpoint.name }),
    };
  }

  /** An endpoint that was disabled or deleted meanwhile gets no other attempt: it is discarded now. */
  #nextOf(endpoint: EndpointState, atMs: number): number {
    return this.endpoints.find(endpoint.uuid)?.enabled ? atMs : this.config.now();
  }

  #recordedRequest(body: string | Uint8Array): Pick<AttemptFinished['request'], 'body' | 'truncated'> {
    const { text, truncated } = recordedText(body, this.config.maxRecordedBytes);
    return truncated ? { body: text, truncated } : { body: text };
  }

  #recordedResponse(result: Extract<OutboundResult, { ok: true }>): AttemptFinished['response'] {
    const { text, truncated } = recordedText(result.body, this.config.maxRecordedBytes);
    return { status: result.status, headers: result.headers, body: text, truncated: truncated || result.truncated };
  }
}

/** A customer's failing endpoint is news, nobody's task (DESIGN.md §5, rule 11). */
function tellFailure({ deliveryId, number, endpointUuid, response, error, nextAttemptAt }: AttemptFinished): void {
  const why = error ? `${error.stage}: ${error.message}` : `status ${response?.status}`;
  const then = nextAttemptAt === null ? 'it was the last one' : `the next one is due at ${nextAttemptAt}`;
  log.log(`attempt ${number} of delivery ${deliveryId} to endpoint ${endpointUuid} failed (${why}); ${then}`);
}

function unsendable(error: AttemptError): OutboundResult {
  return { ok: false, error, durationMs: 0 };
}
