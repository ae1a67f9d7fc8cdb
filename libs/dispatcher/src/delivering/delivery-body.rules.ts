import type { EndpointState, SentEvent } from '@sluice/contracts';
import { EventTemplateError, siemPayload } from '@sluice/endpoints';
import { transformed } from '../matching/event-filters.ts';

export interface DeliveryBody {
  contentType: string | null;
  text: string | Uint8Array;
}

/** One event goes to many endpoints: its data becomes JSON once. */
const entityTexts = new WeakMap<SentEvent, string>();

export function entityJson(event: SentEvent): string {
  let text = entityTexts.get(event);
  if (text === undefined) {
    text = JSON.stringify(event.data ?? null);
    entityTexts.set(event, text);
  }
  return text;
}

/**
 * What is sent to an endpoint for an event; null for GET, which has no body (ET-03).
 * @throws EventTemplateError when its transformation fails on this event.
 */
export function bodyOf(
  event: SentEvent,
  endpoint: EndpointState,
  deliveryId: string,
  raw: Uint8Array | null = null,
): DeliveryBody | null {
  if (endpoint.method === 'GET') return null;
  if (endpoint.transform) return transformedBody(event, endpoint, endpoint.transform);
  if (event.forward) return { contentType: event.forward.contentType, text: raw ?? '' };
  if (endpoint.kind === 'inline') return { contentType: 'application/json', text: JSON.stringify(siemPayload(event)) };
  if (endpoint.format === 'standard') return { contentType: 'application/json', text: standardBody(event) };
  if (endpoint.format === 'cloudevents') {
    return { contentType: 'application/cloudevents+json', text: cloudEventBody(event) };
  }
  const text =
    endpoint.contentType === 'application/json'
      ? etlJson(event, endpoint, deliveryId)
      : etlForm(event, endpoint, deliveryId);
  return { contentType: endpoint.contentType, text };
}

/** DL-02: the result is the whole body, in the endpoint's content type. */
function transformedBody(event: SentEvent, endpoint: EndpointState, source: string): DeliveryBody {
  const result = transformed(endpoint, source, event);
  const isForm = endpoint.contentType === 'application/x-www-form-urlencoded' && endpoint.format === 'etl';
  if (isForm) return { contentType: endpoint.contentType, text: typeof result === 'string' ? result : formOf(result) };
  const contentType = endpoint.format === 'cloudevents' ? 'application/cloudevents+json' : 'application/json';
  if (typeof result !== 'string') return { contentType, text: JSON.stringify(result ?? null) };
  try {
    JSON.parse(result);
  } catch (error) {
    throw new EventTemplateError('transform_failed', new Error('the result is not JSON', { cause: error }));
  }
  return { contentType, text: result };
}

function formOf(value: unknown): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new EventTemplateError('transform_failed', new Error('the result for a form is neither text nor an object'));
  }
  const text = (each: unknown): string => (typeof each === 'string' ? each : JSON.stringify(each ?? null));
  const fields = Object.entries(value).map(([name, each]): [string, string] => [name, text(each)]);
  return new URLSearchParams(fields).toString();
}

/** ET-04. The entity's JSON is put in as it is: it may be big and goes to every subscriber. */
function etlJson(event: SentEvent, endpoint: EndpointState, deliveryId: string): string {
  const head = JSON.stringify({
    eventId: deliveryId,
    eventType: event.type,
    webhookId: endpoint.id,
    entityId: event.entityId,
  });
  const tail = JSON.stringify({ entityUrl: event.entityUrl, timestamp: Date.parse(event.time) });
  const entity = endpoint.includeEntity ? `"entity":${entityJson(event)},` : '';
  return `${head.slice(0, -1)},${entity}${tail.slice(1)}`;
}

function etlForm(event: SentEvent, endpoint: EndpointState, deliveryId: string): string {
  const form = new URLSearchParams({
    eventId: deliveryId,
    eventType: event.type,
    webhookId: String(endpoint.id),
    entityId: event.entityId,
    timestamp: String(Date.parse(event.time)),
  });
  if (endpoint.includeEntity) form.set('entity', entityJson(event));
  return form.toString();
}

function standardBody(event: SentEvent): string {
  const head = JSON.stringify({ type: event.type, timestamp: event.time });
  return `${head.slice(0, -1)},"data":${entityJson(event)}}`;
}

/** Attributes that its producer gave it go on as they came, but never in the place of Sluice's own. */
function cloudEventBody(event: SentEvent): string {
  const { extensions, dataschema, datacontenttype = 'application/json' } = event.attributes ?? {};
  const head = JSON.stringify({
    ...extensions,
    specversion: '1.0',
    id: event.sourceId,
    source: event.source,
    type: event.type,
    ...(event.subject === null ? {} : { subject: event.subject }),
    time: event.time,
    datacontenttype,
    ...(dataschema === undefined ? {} : { dataschema }),
  });
  return `${head.slice(0, -1)},"data":${entityJson(event)}}`;
}
