import type { AttemptError, EndpointState } from '@sluice/contracts';
import {
  type EndpointSecrets,
  EventTemplateError,
  headersOf,
  type RequestHeaders,
  type SigningAside,
  standardSignaturesAside,
  timestampOf,
} from '@sluice/endpoints';
import { bodyOf, type DeliveryBody } from '../delivering/delivery-body.rules.ts';
import type { Delivery } from '../delivering/delivery.ts';
import { passesFilter } from '../matching/event-filters.ts';
import { wireIdOf } from '../replaying/replay.rules.ts';

/** What an attempt sends. */
export interface SignedRequest {
  headers: RequestHeaders;
  body: string | Uint8Array | null;
}

/** What is made of a delivery just before it is sent. */
export type PreparedRequest = { ready: SignedRequest } | { error: AttemptError } | { filtered: true };

export interface RequestFacts {
  delivery: Delivery;
  endpoint: EndpointState;
  secrets: EndpointSecrets;
  /** The body of a request that is handed on as it came; null for an event. */
  raw: Uint8Array | null;
  nowMs: number;
  etlPrefix: string;
  traceparent: string | undefined;
  /** Where to sign when so many are under way that this thread has better to do; null: here. */
  signAside: Pick<SigningAside, 'sign'> | null;
}

/** Makes the request of an attempt, signed; what the endpoint is now decides. */
export async function requestOf(facts: RequestFacts): Promise<PreparedRequest> {
  try {
    if (!passesFilter(facts.endpoint, facts.delivery.event)) return { filtered: true };
    const body = bodyOf(facts.delivery.event, facts.endpoint, shownIdOf(facts), facts.raw);
    return { ready: { headers: await signed(facts, body), body: body?.text ?? null } };
  } catch (error) {
    if (!(error instanceof EventTemplateError)) throw error;
    const what = error.code === 'filter_failed' ? 'filter' : 'transformation';
    return { error: { stage: 'request', code: error.code, message: `the ${what} failed: ${error.message}` } };
  }
}

/** DL-06: to its receiver a replayed delivery is the first one again. */
function shownIdOf({ delivery, endpoint }: RequestFacts): string {
  if (delivery.replayId === undefined) return delivery.deliveryId;
  return wireIdOf(delivery.event.eventId, endpoint.uuid);
}

async function signed(facts: RequestFacts, body: DeliveryBody | null): Promise<RequestHeaders> {
  const { delivery, endpoint, secrets, nowMs, etlPrefix, traceparent } = facts;
  const deliveryId = shownIdOf(facts);
  const content = body?.text ?? '';
  const message = { id: deliveryId, timestamp: timestampOf(nowMs), body: content };
  const aside = secrets.secrets.length > 0 ? facts.signAside : null;
  return headersOf({
    event: delivery.event,
    endpoint,
    secrets,
    deliveryId,
    forwarded: facts.endpoint.transform ? {} : (delivery.event.forward?.headers ?? {}),
    contentType: body?.contentType ?? null,
    body: content,
    ...(aside ? { signature: await standardSignaturesAside(secrets.secrets, message, aside) } : {}),
    nowMs,
    etlPrefix,
    hops: (delivery.meta.hops ?? 0) + 1,
    traceparent,
  });
}

const FINAL: ReadonlySet<string> = new Set(['filter_failed', 'transform_failed', 'body_gone']);

/** The same request would fail in the same way: a person repairs the endpoint and retries the delivery. */
export function isFinal(error: AttemptError): boolean {
  return FINAL.has(error.code);
}
