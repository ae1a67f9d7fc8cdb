import type { EndpointState } from '@sluice/contracts';
import { isSluiceHeader } from './endpoint.rules.ts';
import type { EventFacts } from './event-templates.ts';
import { etlSignature, standardSignatures } from './signatures.ts';

/** The opened secrets of an endpoint. */
export interface EndpointSecrets {
  /** The present one first, then those that were rotated away and sign as well. */
  secrets: readonly string[];
  basicPass: string | null;
  /** In the order of the endpoint's headers. */
  headerValues: readonly string[];
}

export interface HeaderFacts {
  /** What the headers of Etlworks tell of; null for the call of an inline endpoint. */
  event: EventFacts | null;
  endpoint: EndpointState;
  secrets: EndpointSecrets;
  deliveryId: string;
  /** Null when there is no body. */
  contentType: string | null;
  body: string | Uint8Array;
  /** `webhook-signature` where it was made before, for this very id, time and body. */
  signature?: string;
  /** Headers of a request that is handed on (GW-11), by lower-case name. */
  forwarded?: Readonly<Record<string, string>>;
  nowMs: number;
  /** DL-11: how many webhooks of Sluice there are in this chain, this one included. */
  hops: number;
  /** What the names of the Etlworks headers begin with. */
  etlPrefix: string;
  /** W3C Trace Context of the attempt; absent when nothing traces and the trigger's caller sent none. */
  traceparent?: string | undefined;
}

export type HeaderList = [name: string, value: string][];

const MASK = '***';
/**
 * Servers take 8 to 16 KiB of headers together and answer 431 beyond: a subject of 200 KB would never arrive, at any
 * try. The body tells it whole.
 */
const LONGEST_TEXT = 1_024;
/** What the gateway counts, so that webhooks that start each other come to an end. */
const HOPS_HEADER = 'Sluice-Hops';
const USER_AGENT = 'Sluice-Webhooks/1.0';

/** What is sent, and what is recorded of it: secrets masked, names in lower case. */
export interface RequestHeaders {
  sent: HeaderList;
  recorded: Record<string, string>;
}

/**
 * ET-03, ET-07, ET-08, DL-01. A custom header that has the name of one of ours is left out, also where this request does
 * not carry it: without a secret nobody may forge the signature by configuration.
 */
export function headersOf(facts: HeaderFacts): RequestHeaders {
  const { endpoint, secrets } = facts;
  const ours = new HeaderPile();
  if (facts.contentType !== null) ours.add('Content-Type', facts.contentType);
  addStandard(ours, facts);
  if (endpoint.format === 'etl' && endpoint.kind === 'event' && facts.event) addEtl(ours, facts, facts.event);
  ours.add(HOPS_HEADER, String(facts.hops));
  if (facts.traceparent !== undefined) ours.add('traceparent', facts.traceparent);
  const secret = new HeaderPile();
  if (endpoint.basicUser !== null) {
    const credentials = Buffer.from(`${endpoint.basicUser}:${secrets.basicPass ?? ''}`).toString('base64');
    secret.add('Authorization', `Basic ${credentials}`);
  }
  const given = (name: string): boolean => ours.has(name) || secret.has(name);
  endpoint.headers.forEach(({ key }, index) => {
    if (!isSluiceHeader(key, facts.etlPrefix) && !given(key)) secret.add(key, secrets.headerValues[index] ?? '');
  });
  for (const [name, value] of Object.entries(facts.forwarded ?? {})) {
    if (!given(name) && !isSluiceHeader(name, facts.etlPrefix)) ours.add(name, value);
  }
  if (!given('User-Agent')) ours.add('User-Agent', USER_AGENT);
  return { sent: [...ours.list, ...secret.list], recorded: recordedOf(ours, secret) };
}

/** Names in lower case, which every request makes of the same few: kept, as far as they are few. */
const lowerNames = new Map<string, string>();
const KEPT_NAMES = 1_000;

function lowerOf(name: string): string {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (lowerNames.size < KEPT_NAMES) lowerNames.set(name, lower);
  return lower;
}

/** Headers in their order. There are a dozen of them: looking through is faster than a set that is made for each request. */
class HeaderPile {
  readonly list: HeaderList = [];
  readonly names: string[] = [];

  add(name: string, value: string): void {
    this.list.push([name, value]);
    this.names.push(lowerOf(name));
  }

  has(name: string): boolean {
    return this.names.includes(lowerOf(name));
  }
}

/** `webhook-timestamp`: Unix seconds. */
export function timestampOf(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}

function addStandard(headers: HeaderPile, { secrets, deliveryId, body, nowMs, signature }: HeaderFacts): void {
  const timestamp = timestampOf(nowMs);
  headers.add('webhook-id', deliveryId);
  headers.add('webhook-timestamp', String(timestamp));
  if (secrets.secrets.length === 0) return;
  const message = { id: deliveryId, timestamp, body };
  headers.add('webhook-signature', signature ?? standardSignatures(secrets.secrets, message));
}

function addEtl(headers: HeaderPile, facts: HeaderFacts, event: EventFacts): void {
  const { endpoint, secrets, deliveryId, body, etlPrefix: prefix } = facts;
  headers.add(`${prefix}-Event-Id`, deliveryId);
  headers.add(`${prefix}-Event`, headerText(event.type));
  headers.add(`${prefix}-Id`, String(endpoint.id));
  headers.add(`${prefix}-Entity-Id`, headerText(event.entityId));
  headers.add(`${prefix}-Entity-URL`, headerText(event.entityUrl));
  const [secret] = secrets.secrets;
  if (secret !== undefined && endpoint.method === 'POST')
    headers.add(`${prefix}-Signature`, etlSignature(secret, body));
}

const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Types and subjects are any Unicode text, headers are not: what a header cannot carry is percent-encoded as UTF-8 (as
 * CloudEvents' HTTP binding does, §3.1.3.2), and what is too long is cut. The body has the text as it is, whole.
 */
function headerText(text: string): string {
  if (text.length <= LONGEST_TEXT && PLAIN.test(text)) return text;
  // A lone surrogate has no UTF-8 form.
  return text
    .toWellFormed()
    .replace(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part))
    .trim()
    .slice(0, LONGEST_TEXT);
}

function recordedOf(ours: HeaderPile, secret: HeaderPile): Record<string, string> {
  const recorded: Record<string, string> = {};
  ours.list.forEach(([, value], index) => record(recorded, ours.names[index] as string, value));
  for (const name of secret.names) record(recorded, name, MASK);
  return recorded;
}

/** `__proto__` is a header's name like any other. */
function record(recorded: Record<string, string>, name: string, value: string): void {
  if (name !== '__proto__') recorded[name] = value;
  else Object.defineProperty(recorded, name, { value, enumerable: true, configurable: true, writable: true });
}
