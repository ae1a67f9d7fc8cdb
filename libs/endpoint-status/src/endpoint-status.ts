/** `person`: asked for; `gone`: it answered 410; `failing`: nothing but failure for five days (DL-03, DL-04). */
export type PauseReason = 'person' | 'gone' | 'failing';

export interface Pause {
  reason: PauseReason;
  /** RFC 3339. */
  at: string;
  /** For people. */
  detail: string;
}

/** How deliveries to one endpoint fare. Times are RFC 3339. */
export interface EndpointStatus {
  /** Null: deliveries go out. Otherwise they are kept until it is resumed. */
  paused: Pause | null;
  /** The receiver asked to be left alone until then (`Retry-After`). */
  holdUntil: string | null;
  /** The first failure after the last success. */
  failingSince: string | null;
  /** When `Endpoint.Failing` was emitted for this failing. */
  warnedAt: string | null;
}

export const HEALTHY: EndpointStatus = { paused: null, holdUntil: null, failingSince: null, warnedAt: null };
