import type { ForwardedRequest, ProducerAttributes } from '@sluice/contracts';

/** A domain event as it comes through one of the doors, before it is the dispatcher's own. */
export interface ReceivedEvent {
  /** The id it will have: its own when it came with a derived one, otherwise derived from what brought it. */
  eventId: string;
  appId: string;
  type: string;
  source: string;
  sourceId: string;
  subject: string | null;
  time: string;
  data: unknown;
  attributes?: ProducerAttributes | undefined;
  entityId: string;
  entityUrl: string;
  runId: string | null;
  requestId: string | null;
  correlationId: string;
  causationId: string | null;
  traceparent: string | undefined;
  /** DL-11: how many webhooks of Sluice stand before it. */
  hops?: number | undefined;
  /** GW-11: the endpoints that get it, by their integers, whatever they subscribe to; absent: the subscribers. */
  targets?: readonly number[];
  forward?: ForwardedRequest;
  /** Who caused it, where that is known. */
  actor?: { type: string; id: string };
  /**
   * Set for what producers publish: (app, source, id) may come by either door and is recorded once. What we emit
   * ourselves carries a derived id, which the event store refuses a second time.
   */
  dedupeKey: Buffer | null;
}
