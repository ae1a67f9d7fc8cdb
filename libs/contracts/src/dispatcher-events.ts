import type { ExtensionValue } from './cloud-event.rules.ts';

/** The dispatcher's own record of a domain event; the stream id is the event's id. */
export interface DomainEventRecorded {
  eventId: string;
  type: string;
  source: string;
  /** The producer's id (CloudEvents `id`); (app, source, id) is recorded once. */
  sourceId: string;
  subject: string | null;
  time: string;
  data: unknown;
  /** What else its producer said of it in CloudEvents' attributes; absent where nothing was said. */
  attributes?: ProducerAttributes;
  entityId: string;
  entityUrl: string;
  runId: string | null;
  requestId: string | null;
  /** Who caused it, from the audit history; absent where nobody is known. */
  actor?: { type: string; id: string };
  /** A request that is handed on as it came (GW-11): its body is sent, and `data` is what filters read of it. */
  forward?: ForwardedRequest;
  /** What was matched when it was recorded. */
  deliveries: { deliveryId: string; endpointId: number; endpointUuid: string; endpointName: string }[];
}

/** CloudEvents attributes that mean nothing to Sluice and are sent on as they came. */
export interface ProducerAttributes {
  dataschema?: string;
  /** Other than `application/json`. */
  datacontenttype?: string;
  extensions?: Record<string, ExtensionValue>;
}

/** What is sent of it: not whom else it goes to, which of an event to 10,000 endpoints is 2 MiB. */
export type SentEvent = Omit<DomainEventRecorded, 'deliveries'>;

/** The raw body stands in one of three: as text, in base64 where it is no UTF-8, in libs/payloads where it is large. */
export interface ForwardedRequest {
  contentType: string | null;
  /** The chosen headers, in lower case. */
  headers: Record<string, string>;
  text?: string;
  base64?: string;
  payloadId?: string;
}

export interface AttemptRequest {
  method: string;
  url: string;
  /** Secrets masked. */
  headers: Record<string, string>;
  /** At most 64 KiB of it. */
  body: string;
  /** Absent: it is whole. Events of earlier versions end a cut body with a line that says so. */
  truncated?: boolean;
  /** ET-09: the whole body in libs/payloads, for as long as the attempt is in its endpoint's ring. */
  payloadId?: string;
}
export interface AttemptResponse {
  status: number;
  headers: Record<string, string>;
  /** At most 64 KiB of it; `truncated` also where the answer was longer than is read (1 MiB). */
  body: string;
  truncated: boolean;
  /** As in the request: everything that was read of it. */
  payloadId?: string;
}
export interface AttemptError {
  stage: 'address' | 'dns' | 'connect' | 'tls' | 'request' | 'response' | 'timeout';
  code: string;
  message: string;
}

/** One HTTP request of a delivery; the stream id is the delivery's id. */
export interface AttemptFinished {
  deliveryId: string;
  eventId: string;
  eventType: string;
  endpointId: number;
  endpointUuid: string;
  runId: string | null;
  number: number;
  at: string;
  durationMs: number;
  request: AttemptRequest;
  response: AttemptResponse | null;
  error: AttemptError | null;
  /** `retry`: another attempt follows at `nextAttemptAt`; the others end the delivery. */
  outcome: 'succeeded' | 'retry' | 'failed' | 'discarded';
  nextAttemptAt: string | null;
  /** Of a delivery that a replay asked for: `DomainEventRecorded` does not name it. */
  replayId?: string;
  /** Of a call that no event led to, or that a replay asked for: the name that the endpoint had. */
  endpointName?: string;
  /** The first attempt of a new round, asked for after the delivery had ended. */
  again?: true;
  /** Of an inline endpoint: what its answer says (LU-07); absent otherwise. */
  verdict?: 'success' | 'negative' | 'failed' | 'transport_failure';
}

export interface DispatcherEvents {
  DomainEventRecorded: DomainEventRecorded;
  AttemptFinished: AttemptFinished;
  /** Ends a delivery without an attempt: the endpoint was deleted or disabled while it waited. */
  DeliveryDiscarded: {
    deliveryId: string;
    eventId: string;
    /** Absent in events of before it was kept, as is the name. */
    eventType?: string;
    endpointName?: string;
    endpointId: number;
    endpointUuid: string;
    reason: string;
    at: string;
  };
}
