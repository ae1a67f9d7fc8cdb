/** Bounds of what comes in (platform.md GW-07), in one place. Headers (16 KiB) and time (15 s) are the HTTP server's. */
export const GATEWAY_LIMITS = {
  maxBodyBytes: 1_048_576,
  /** Bodies of all requests together, while they arrive and until they are answered. */
  maxHeldBodyBytes: 134_217_728,
  /** Bodies over this size live in libs/payloads instead of the event table (DESIGN.md §3.1). */
  inlineBodyBytes: 262_144,
  /** How long the caller of a synchronous trigger waits (GW-04). */
  answerTimeoutMs: 30_000,
  /** Events of one `POST /v1/events` (GW-09). */
  maxEventsPerBatch: 1_000,
} as const;
