import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify as verifySignature } from 'node:crypto';

/** Headers as Node has them, or a `Headers` of Fetch. */
export type Headers =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

/** `v1`, `v1a`: Standard Webhooks 1.0, HMAC-SHA256 and ed25519; `etl`: HMAC-SHA1 over the body alone. */
export type Scheme = 'v1' | 'v1a' | 'etl';

export type VerificationProblem =
  | 'no_signature'
  | 'bad_signature'
  | 'bad_timestamp'
  | 'too_old'
  | 'in_the_future'
  | 'malformed';

/** The request is not to be believed. Its message says why and holds no secret. */
export class VerificationError extends Error {
  readonly code: VerificationProblem;
  constructor(code: VerificationProblem, message: string) {
    super(message);
    this.name = 'VerificationError';
    this.code = code;
  }
}

export interface VerifyOptions {
  /**
   * The endpoint's secret (`whsec_…` or as you chose it), or several while one is being rotated. A public key (`whpk_…`)
   * verifies `v1a`, for receivers that must not be able to sign.
   */
  secret: string | readonly string[];
  /** Which signatures are believed; `v1` and `v1a` unless given. Add `etl` for what only knows HMAC-SHA1. */
  schemes?: readonly Scheme[];
  /** How far the request's time may be from ours, in seconds; 300 unless given. */
  toleranceSeconds?: number;
  /** As the deployment is configured; `X-Etl-Webhook` unless given. */
  etlPrefix?: string;
  /** Unix milliseconds; for tests. */
  now?: () => number;
}

/** A request whose signature is right. */
export interface Verified {
  /** The same for every attempt, and for replays, of an event to this endpoint. */
  id: string;
  scheme: Scheme;
  /** When this attempt was signed; null for `etl`, which signs no time. */
  timestamp: Date | null;
}

const DEFAULT_SCHEMES: readonly Scheme[] = ['v1', 'v1a'];
const DEFAULT_TOLERANCE_SECONDS = 300;
const DEFAULT_ETL_PREFIX = 'X-Etl-Webhook';
const PUBLIC_PREFIX = 'whpk_';
const SECRET_PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** What stands before the 32 bytes of an ed25519 public key in SubjectPublicKeyInfo (RFC 8410 §4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const MAX_SIGNATURES = 20;

/** The value of a header, whatever its case; of repeated ones the first. */
export function headerOf(headers: Headers, name: string): string | undefined {
  if (typeof headers.get === 'function')
    return (headers as { get(name: string): string | null }).get(name) ?? undefined;
  const record = headers as Readonly<Record<string, string | readonly string[] | undefined>>;
  const lower = name.toLowerCase();
  const value = record[lower] ?? Object.entries(record).find(([key]) => key.toLowerCase() === lower)?.[1];
  return typeof value === 'string' ? value : value?.[0];
}

/**
 * Verifies a request from its headers and the exact bytes of its body.
 * @throws VerificationError
 */
export function verify(request: { headers: Headers; body: Uint8Array | string }, options: VerifyOptions): Verified {
  const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
  const secrets = typeof options.secret === 'string' ? [options.secret] : options.secret;
  if (secrets.length === 0 || secrets.some((secret) => secret === '')) throw new TypeError('there is no secret');
  const schemes = options.schemes ?? DEFAULT_SCHEMES;
  const standard = headerOf(request.headers, 'webhook-signature');
  if (standard !== undefined && (schemes.includes('v1') || schemes.includes('v1a'))) {
    return verifyStandard(request.headers, body, { secrets, schemes, signatures: standard, options });
  }
  const etl = headerOf(request.headers, `${options.etlPrefix ?? DEFAULT_ETL_PREFIX}-Signature`);
  if (etl !== undefined && schemes.includes('etl')) return verifyEtl(body, etl, secrets);
  throw new VerificationError('no_signature', 'the request has no signature of a scheme that is believed here');
}

interface StandardFacts {
  secrets: readonly string[];
  schemes: readonly Scheme[];
  signatures: string;
  options: VerifyOptions;
}

function verifyStandard(headers: Headers, body: Uint8Array, facts: StandardFacts): Verified {
  const id = headerOf(headers, 'webhook-id');
  const sentAt = headerOf(headers, 'webhook-timestamp');
  if (!id || !sentAt) throw new VerificationError('malformed', 'webhook-id or webhook-timestamp is missing');
  const timestamp = timeOf(sentAt, facts.options);
  const signed = Buffer.concat([Buffer.from(`${id}.${sentAt}.`), body]);
  for (const each of facts.signatures.split(' ').slice(0, MAX_SIGNATURES)) {
    const comma = each.indexOf(',');
    const scheme = each.slice(0, comma) as Scheme;
    if (!facts.schemes.includes(scheme)) continue;
    const signature = Buffer.from(each.slice(comma + 1), 'base64');
    if (facts.secrets.some((secret) => isSignedBy(scheme, secret, signed, signature))) return { id, scheme, timestamp };
  }
  throw new VerificationError('bad_signature', 'no signature of the request is right');
}

function timeOf(text: string, options: VerifyOptions): Date {
  if (!/^\d{1,12}$/.test(text)) throw new VerificationError('bad_timestamp', 'webhook-timestamp is no Unix time');
  const sentMs = Number(text) * 1000;
  const nowMs = (options.now ?? Date.now)();
  const toleranceMs = (options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS) * 1000;
  if (nowMs - sentMs > toleranceMs) throw new VerificationError('too_old', 'the request was signed too long ago');
  if (sentMs - nowMs > toleranceMs)
    throw new VerificationError('in_the_future', 'the request was signed in the future');
  return new Date(sentMs);
}

function isSignedBy(scheme: Scheme, secret: string, signed: Uint8Array, signature: Uint8Array): boolean {
  const isPublic = secret.startsWith(PUBLIC_PREFIX);
  if (scheme === 'v1') {
    return !isPublic && isEqual(createHmac('sha256', standardKey(secret)).update(signed).digest(), signature);
  }
  return scheme === 'v1a' && isPublic && verifySignature(null, signed, publicKey(secret), signature);
}

/** The signature covers nothing but the body, so the id is the one in the body: a header could be anybody's. */
function verifyEtl(body: Uint8Array, sent: string, secrets: readonly string[]): Verified {
  const signature = Buffer.from(/^[0-9a-f]{40}$/i.test(sent) ? sent : '', 'hex');
  const isRight = secrets.some((secret) => isEqual(createHmac('sha1', secret).update(body).digest(), signature));
  if (!isRight) throw new VerificationError('bad_signature', 'the signature of the request is not right');
  const id = idInBody(Buffer.from(body).toString('utf8'));
  if (!id) throw new VerificationError('malformed', 'the body has no eventId');
  return { id, scheme: 'etl', timestamp: null };
}

function idInBody(text: string): string | null {
  if (!text.trimStart().startsWith('{')) return new URLSearchParams(text).get('eventId');
  try {
    const { eventId } = JSON.parse(text) as { eventId?: unknown };
    return typeof eventId === 'string' ? eventId : null;
  } catch {
    return null;
  }
}

/** What `whsec_…` holds in base64, otherwise the secret's UTF-8 bytes. */
function standardKey(secret: string): Buffer {
  const encoded = secret.slice(SECRET_PREFIX.length);
  return secret.startsWith(SECRET_PREFIX) && BASE64.test(encoded)
    ? Buffer.from(encoded, 'base64')
    : Buffer.from(secret);
}

function publicKey(text: string): KeyObject {
  const raw = Buffer.from(text.slice(PUBLIC_PREFIX.length), 'base64');
  if (raw.length !== 32) throw new TypeError('the public key is not one of ed25519 (whpk_…)');
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' });
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
