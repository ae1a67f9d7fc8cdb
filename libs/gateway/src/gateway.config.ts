/** Bounds of what comes in (platform.md GW-07) that are fixed. Those of one request are settings: `Settings.requestLimits`. */
export const GATEWAY_LIMITS = {
  /** Bodies of all requests together, while they arrive and until they are answered. */
  maxHeldBodyBytes: 134_217_728,
  /** What one client may be sending at once: a quarter of that. Bodies are counted once they are past `uncountedBytes`. */
  maxReceivingBytesPerClient: 33_554_432,
  uncountedBytes: 16_384,
  /** A compressed body may grow to so much, whatever was sent of it; past that the ratio counts. */
  freeDecodedBytes: 65_536,
  /** Bodies over this size live in libs/payloads instead of the event table (DESIGN.md §3.1). */
  inlineBodyBytes: 262_144,
  /** How long the caller of a synchronous trigger waits (GW-04). */
  answerTimeoutMs: 30_000,
  /** Events of one `POST /v1/events` (GW-09). */
  maxEventsPerBatch: 1_000,
  /** Addresses, triggers and apps that are counted at once; beyond it the oldest windows are forgotten (20 MB). */
  maxRateKeys: 100_000,
  /** How often replicas exchange what they counted (DESIGN.md §3.3, issue "Limits across replicas"). */
  rateExchangeMs: 250,
  maxRateKeysPerExchange: 10_000,
  /** How long an idempotency key is remembered (GW-05). */
  idempotencyWindowMs: 86_400_000,
  maxIdempotencyKeyLength: 255,
  /** Idempotency keys that are answered from memory; older ones from the table (300 bytes each). */
  maxIdempotencyKeysInMemory: 10_000,
  /** GW-08: rejected requests of one trigger that are recorded in a second. */
  rejectionsPerTriggerPerS: 10,
  /** … and of all triggers together, by this process. */
  rejectionsPerS: 100,
  rejectionsPerHour: 50_000,
  /**
   * Refusals of strangers that are answered in a second; further ones wait in line, up to so many (8 KB each): room for
   * 400 connections that send 64 KiB of small requests each without waiting for answers.
   */
  pacedRefusalsPerS: 2_000,
  maxWaitingRefusals: 20_000,
  /** Records of rejections that wait for the store; further ones are dropped and counted. */
  maxWaitingRejections: 1_000,
} as const;
