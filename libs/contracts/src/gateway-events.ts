/** `TriggerAccepted`: a request that was answered with 2xx. Its stream id is the request's id and also the run's id. */
export interface TriggerAccepted {
  triggerId: string;
  flowId: string;
  /** `draft` runs the latest saved version, `live` the published one. */
  mode: 'live' | 'draft';
  profile: 'run' | 'listener' | 'flow' | 'native';
  method: string;
  /** Repeated names become arrays. */
  query: Record<string, string | string[]>;
  /** Lower-case names, without the credential, `authorization` and `cookie`. */
  headers: Record<string, string>;
  contentType: string | null;
  /** How the body is to be read; decided by the gateway after it parsed it once. */
  bodyKind: 'json' | 'form' | 'xml' | 'multipart' | 'empty';
  bodySize: number;
  /** How the body was compressed; it is stored, counted and hashed as it was before that. Absent: it was not. */
  contentEncoding?: 'gzip' | 'deflate' | 'br';
  /** Lower-case hex SHA-256 of the raw body. */
  bodySha256: string;
  /** Set when the body is over 256 KiB and lives in libs/payloads; otherwise the body travels with the event. */
  bodyPayloadId: string | null;
  /** Where libs/payloads keeps the uploaded files of a multipart body, in their order. */
  fileIds?: string[];
  remoteAddress: string;
  /** RFC 3339 with milliseconds. */
  receivedAt: string;
  /** The gateway instance whose caller waits for the answer, or null. */
  replyTo: string | null;
  /** Stored props of the trigger, or null. */
  props: unknown;
  /** Runs with the same key execute one after another, in the order of these events; absent when order is not asked for. */
  orderingKey?: string;
}

/**
 * `RequestRejected`: a request that was refused although its trigger exists (GW-08). A sample: at most ten a second of a
 * trigger are recorded. Its stream id is the record's own.
 */
export interface RequestRejected {
  triggerId: string;
  /** Null when it named a listener that nothing has. */
  flowId: string | null;
  profile: TriggerAccepted['profile'];
  method: string;
  /** The code of the problem it was answered with, and its HTTP status. */
  code: string;
  status: number;
  detail: string;
  remoteAddress: string;
  /** Bytes of the body as far as it was read or announced. */
  bodySize: number;
  /** Lower case; never a value. */
  headerNames: string[];
  /** RFC 3339 with milliseconds. */
  receivedAt: string;
  /** How many rejections of this trigger were not recorded since the last one that was (by this process). */
  notRecorded: number;
}

/**
 * `RunCancelAsked`: second event of a request's stream. Whoever holds the trigger's credential wants the run to end at its
 * next step boundary; the runner consumes it.
 */
export interface RunCancelAsked {
  triggerId: string;
  /** RFC 3339 with milliseconds. */
  at: string;
}

/**
 * `CallbackReceived`: somebody used the link of a waiting step (`/resume/…`). Its stream id is
 * derivedId('resume', runId, step), so that there is one per link; the runner consumes it.
 */
export interface CallbackReceived {
  runId: string;
  /** The key of the step in its run: its ref, or inside a loop its path. */
  step: string;
  kind: 'callback' | 'approval';
  /** The body as it was read; of an approval `{approved, comment, at, via: 'link'}`. */
  answer: unknown;
  /** Lower-case hex, of the raw body: tells the same request that comes twice from another one. */
  bodySha256: string;
  remoteAddress: string;
  /** RFC 3339 with milliseconds. */
  receivedAt: string;
}

/** `EventPublished`: one CloudEvent taken in by `POST /v1/events`. */
export interface EventPublished {
  cloudEvent: CloudEvent;
}

/** CloudEvents 1.0 context attributes and JSON data. */
export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  subject?: string;
  time?: string;
  datacontenttype?: string;
  dataschema?: string;
  data?: unknown;
  [extension: string]: unknown;
}

/**
 * `RequestCaptured`: a request that was stored as a sample and started no run (GW-01). Its stream id is derived from the
 * capture, so that there is one of each; the raw body travels with it as with `TriggerAccepted`.
 */
export interface RequestCaptured
  extends Pick<
    TriggerAccepted,
    | 'triggerId'
    | 'profile'
    | 'method'
    | 'query'
    | 'headers'
    | 'contentType'
    | 'bodySize'
    | 'bodySha256'
    | 'bodyPayloadId'
    | 'remoteAddress'
    | 'receivedAt'
  > {
  /** Null when it named a listener that nothing has. */
  flowId: string | null;
  /** Which arming of the trigger it answers. */
  captureId: string;
}

/**
 * `TriggerForwarded`: a request of a trigger that hands on to endpoints and starts no run (GW-11). Its stream id is the
 * request's; the raw body travels with it as with `TriggerAccepted`.
 */
export interface TriggerForwarded
  extends Pick<
    TriggerAccepted,
    | 'triggerId'
    | 'profile'
    | 'method'
    | 'query'
    | 'headers'
    | 'contentType'
    | 'bodySize'
    | 'bodySha256'
    | 'bodyPayloadId'
    | 'remoteAddress'
    | 'receivedAt'
  > {
  flowId: null;
  /** The integers of the endpoints that get it. */
  endpoints: number[];
  /** Which of `headers` they get, in lower case. */
  forwardHeaders: string[];
}

export interface GatewayEvents {
  TriggerForwarded: TriggerForwarded;
  RequestCaptured: RequestCaptured;
  TriggerAccepted: TriggerAccepted;
  RequestRejected: RequestRejected;
  RunCancelAsked: RunCancelAsked;
  CallbackReceived: CallbackReceived;
  EventPublished: EventPublished;
}
