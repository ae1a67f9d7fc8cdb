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
  const ours: HeaderList = [
    ...(facts.contentType === null ? [] : ([['Content-Type', facts.contentType]] as HeaderList)),
    ...standardHeaders(facts),
    ...(endpoint.format === 'etl' && endpoint.kind === 'event' && facts.event ? etlHeaders(facts, facts.event) : []),
    [HOPS_HEADER, String(facts.hops)],
    ...(facts.traceparent === undefined ? [] : ([['traceparent', facts.traceparent]] as HeaderList)),
  ];
  const secret: HeaderList = [];
  if (endpoint.basicUser !== null) {
    const credentials = Buffer.from(`${endpoint.basicUser}:${secrets.basicPass ?? ''}`).toString('base64');
    secret.push(['Authorization', `Basic ${credentials}`]);
  }
  const taken = new Set([...ours, ...secret].map(([name]) => name.toLowerCase()));
  endpoint.headers.forEach(({ key }, index) => {
    if (!isSluiceHeader(key, facts.etlPrefix) && !taken.has(key.toLowerCase()))
      secret.push([key, secrets.headerValues[index] ?? '']);
  });
  const given = new Set([...taken, ...secret.map(([name]) => name.toLowerCase())]);
  for (const [name, value] of Object.entries(facts.forwarded ?? {})) {
    if (!given.has(name) && !isSluiceHeader(name, facts.etlPrefix)) ours.push([name, value]);
  }
  if (![...secret, ...ours].some(([name]) => name.toLowerCase() === 'user-agent'))
    ours.push(['User-Agent', USER_AGENT]);
  return { sent: [...ours, ...secret], recorded: recordedOf(ours, secret) };
}

/** `webhook-timestamp`: Unix seconds. */
export function timestampOf(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}

function standardHeaders({ secrets, deliveryId, body, nowMs, signature }: HeaderFacts): HeaderList {
  const timestamp = timestampOf(nowMs);
  const headers: HeaderList = [
    ['webhook-id', deliveryId],
    ['webhook-timestamp', String(timestamp)],
  ];
  if (secrets.secrets.length > 0) {
    const message = { id: deliveryId, timestamp, body };
    headers.push(['webhook-signature', signature ?? standardSignatures(secrets.secrets, message)]);
  }
  return headers;
}

function etlHeaders(facts: HeaderFacts, event: EventFacts): HeaderList {
  const { endpoint, secrets, deliveryId, body, etlPrefix: prefix } = facts;
  const headers: HeaderList = [
    [`${prefix}-Event-Id`, deliveryId],
    [`${prefix}-Event`, headerText(event.type)],
    [`${prefix}-Id`, String(endpoint.id)],
    [`${prefix}-Entity-Id`, headerText(event.entityId)],
    [`${prefix}-Entity-URL`, headerText(event.entityUrl)],
  ];
  const [secret] = secrets.secrets;
  if (secret !== undefined && endpoint.method === 'POST') {
    headers.push([`${prefix}-Signature`, etlSignature(secret, body)]);
  }
  return headers;
}

/**
 * Types and subjects are any Unicode text, headers are not: what a header cannot carry is percent-encoded as UTF-8 (as
 * CloudEvents' HTTP binding does, §3.1.3.2), and what is too long is cut. The body has the text as it is, whole.
 */
function headerText(text: string): string {
  // A lone surrogate has no UTF-8 form.
  return text
    .toWellFormed()
    .replace(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part))
    .trim()
    .slice(0, LONGEST_TEXT);
}

function recordedOf(ours: HeaderList, secret: HeaderList): Record<string, string> {
  return Object.fromEntries([
    ...ours.map(([name, value]) => [name.toLowerCase(), value]),
    ...secret.map(([name]) => [name.toLowerCase(), MASK]),
  ]);
}
