import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { type AppError, newId, type RequestRejected } from '@sluice/contracts';
import type { EventStorePort } from '@sluice/event-store';
import { InjectStore, metrics } from '@sluice/platform';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { ClientAddress } from '../inbound/client-address.ts';
import { flowIdOf, type Route } from '../routing/route.ts';
import { RejectionSample } from './rejection-sample.ts';

const log = new Logger('gateway.rejections');

/** Nobody waits for a record, so it goes with whatever is committed in the next quarter of a second. */
const LINGER_MS = 250;
const MAX_TRIGGERS = 10_000;
const MAX_HEADER_NAMES = 100;
const MAX_DETAIL = 500;
const WARN_EVERY_MS = 60_000;

/** A request that was answered with a refusal. */
interface Refused {
  request: IncomingMessage;
  response: ServerResponse;
  /** Bytes of the body that were read. */
  held: number;
}

/**
 * GW-08: remembers what was refused, for whoever asks why nothing arrives. A sample within bounds, beside the way of
 * accepted requests and never in it: with the store away or behind, records are dropped and counted.
 */
@Injectable()
export class Rejections {
  readonly #sample = new RejectionSample({
    perTriggerPerS: GATEWAY_LIMITS.rejectionsPerTriggerPerS,
    perS: GATEWAY_LIMITS.rejectionsPerS,
    perHour: GATEWAY_LIMITS.rejectionsPerHour,
    maxTriggers: MAX_TRIGGERS,
  });
  readonly #recorded = metrics.counter('sluice_gateway_rejections_recorded_total', 'Rejected requests recorded');
  readonly #dropped = metrics.counter(
    'sluice_gateway_rejections_dropped_total',
    'Records of rejected requests lost because the store was away',
  );
  #waiting = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(
    @InjectStore('gateway') private readonly store: EventStorePort,
    private readonly clients: ClientAddress,
  ) {}

  /** @param route null when the trigger is unknown: that is only counted. */
  record(route: Route | null, refused: Refused, error: AppError): void {
    if (route === null) return;
    const notRecorded = this.#sample.take(route.trigger.triggerId, performance.now());
    if (notRecorded === null) return;
    if (this.#waiting >= GATEWAY_LIMITS.maxWaitingRejections) {
      this.#dropped.inc();
      return;
    }
    const { headers, socket } = refused.request;
    const remoteAddress = this.clients.of(socket.remoteAddress, headers['x-forwarded-for']);
    this.#append(route.trigger.appId, rejectionOf(route, refused, error, { remoteAddress, notRecorded }));
  }

  #append(appId: string, data: RequestRejected): void {
    this.#waiting++;
    const id = newId();
    const event = { type: 'RequestRejected', appId, data, meta: { correlationId: id, causationId: null } };
    this.store
      .append(id, 0, [event], { lingerMs: LINGER_MS })
      .then(
        () => this.#recorded.inc(),
        (error: unknown) => this.#lost(error),
      )
      .finally(() => this.#waiting--);
  }

  #lost(error: unknown): void {
    this.#dropped.inc();
    const now = performance.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    log.warn(`rejected requests are not recorded now: ${(error as Error).message}`);
  }
}

function rejectionOf(
  route: Route,
  { request, response, held }: Refused,
  error: AppError,
  seen: { remoteAddress: string; notRecorded: number },
): RequestRejected {
  const { trigger } = route;
  const announced = Number(request.headers['content-length'] ?? 0);
  return {
    triggerId: trigger.triggerId,
    flowId: flowIdOf(route),
    profile: trigger.profile,
    method: request.method as string,
    code: error.code,
    // As it was answered: the vendor of a profile may say 200 where we would not (LC-05).
    status: response.statusCode,
    detail: error.message.slice(0, MAX_DETAIL),
    remoteAddress: seen.remoteAddress,
    bodySize: Math.max(held, Number.isSafeInteger(announced) ? announced : 0),
    headerNames: Object.keys(request.headers).slice(0, MAX_HEADER_NAMES),
    receivedAt: new Date().toISOString(),
    notRecorded: seen.notRecorded,
  };
}
