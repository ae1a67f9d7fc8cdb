import { serviceOf, type Topic } from '@sluice/contracts';
import { type EventMeta, formatPosition, parsePosition, type StoredEvent, storedEvent } from '@sluice/event-store';
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { ForeignMessage } from '../bus.contract.ts';

/**
 * An event as a Kafka message: CloudEvents 1.0 in binary mode (Kafka protocol binding §3.2), key = partition key,
 * value = data. The headers named sluice_* are what our own consumers need beyond that.
 */
export function messageOf(event: StoredEvent): Message {
  const { meta } = event;
  const headers: IHeaders = {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: `${event.streamId}/${event.version}`,
    ce_source: `/sluice/${serviceOf(event.topic)}`,
    ce_type: event.type,
    ce_time: event.occurredAt.toISOString(),
    ce_correlationid: meta.correlationId,
    ce_stream: event.streamId,
    ce_version: String(event.version),
    sluice_position: formatPosition(event.position),
  };
  if (event.appId !== null) headers.ce_appid = event.appId;
  if (meta.causationId !== null) headers.ce_causationid = meta.causationId;
  if (meta.traceparent) headers.traceparent = meta.traceparent;
  if (meta.hops !== undefined) headers.sluice_hops = String(meta.hops);
  if (meta.actor) headers.sluice_actor = JSON.stringify(meta.actor);
  if (event.typeVersion !== 1) headers.sluice_typeversion = String(event.typeVersion);
  if (event.body) headers.sluice_body = event.body;
  return { key: event.partitionKey, value: event.dataJson, headers };
}

/** What of a received message matters here. */
export type ReceivedMessage = Pick<KafkaMessage, 'key' | 'value' | 'headers' | 'offset' | 'timestamp'>;

/** Bytes that a message will take, closely enough to bound a batch. */
export function sizeOf(event: StoredEvent): number {
  return 600 + event.dataJson.length + (event.body?.length ?? 0);
}

/** @throws Error when the message was not written by our relay. */
export function eventOf(topic: Topic, message: ReceivedMessage): StoredEvent {
  const headers = new Headers(message.headers ?? {});
  const dataJson = message.value?.toString() ?? 'null';
  const streamId = headers.text('ce_stream');
  return storedEvent({
    topic,
    position: parsePosition(headers.text('sluice_position')),
    streamId,
    version: Number(headers.text('ce_version')),
    partitionKey: message.key?.toString() ?? streamId,
    type: headers.text('ce_type'),
    typeVersion: Number(headers.optional('sluice_typeversion') ?? 1),
    appId: headers.optional('ce_appid') ?? null,
    dataJson,
    meta: metaOf(headers),
    occurredAt: new Date(headers.text('ce_time')),
    body: headers.bytes('sluice_body'),
  });
}

function metaOf(headers: Headers): EventMeta {
  const traceparent = headers.optional('traceparent');
  const actor = headers.optional('sluice_actor');
  const hops = headers.optional('sluice_hops');
  return {
    correlationId: headers.text('ce_correlationid'),
    causationId: headers.optional('ce_causationid') ?? null,
    ...(traceparent ? { traceparent } : {}),
    ...(hops ? { hops: Number(hops) } : {}),
    ...(actor ? { actor: JSON.parse(actor) as NonNullable<EventMeta['actor']> } : {}),
  };
}

/** A message of somebody else's topic as it is; of a repeated header the last value counts. */
export function foreignOf(topic: string, partition: number, message: ReceivedMessage): ForeignMessage {
  const headers = new Headers(message.headers ?? {});
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? null,
    headers: headers.all(),
    value: message.value ?? Buffer.alloc(0),
    timestamp: new Date(Number(message.timestamp)),
  };
}

class Headers {
  readonly #headers: IHeaders;

  constructor(headers: IHeaders) {
    this.#headers = headers;
  }

  optional(name: string): string | undefined {
    const value = this.#headers[name];
    const last = Array.isArray(value) ? value.at(-1) : value;
    return last?.toString();
  }

  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new Error(`message without the header ${name}`);
    return value;
  }

  bytes(name: string): Buffer | null {
    const value = this.#headers[name];
    return Buffer.isBuffer(value) ? value : null;
  }

  all(): Record<string, string> {
    const names = Object.keys(this.#headers);
    return Object.fromEntries(names.map((name) => [name, this.optional(name) ?? '']));
  }
}
