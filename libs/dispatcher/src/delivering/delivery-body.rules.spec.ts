import { describe, expect, it } from 'vitest';
import { type CloudEvent, HTTP } from 'cloudevents';
import { exampleEndpoint, exampleEvent } from '@sluice/testing';
import { bodyOf } from './delivery-body.rules.ts';

/** Of an event the body is always text. */
function sentBody(...args: Parameters<typeof bodyOf>): { contentType: string | null; text: string } | null {
  const body = bodyOf(...args);
  return body && { ...body, text: String(body.text) };
}

const DELIVERY = '01999999-0000-8000-8000-0000000000d1';

describe('ET-04, ET-05: the body', () => {
  it('is exactly these keys as JSON, the timestamp a number of milliseconds', () => {
    const event = exampleEvent();
    const body = sentBody(event, exampleEndpoint(), DELIVERY);
    expect(body?.contentType).toBe('application/json');
    expect(JSON.parse(body?.text ?? '')).toEqual({
      eventId: DELIVERY,
      eventType: 'order.created',
      webhookId: 7,
      entityId: '42',
      entity: event.data,
      entityUrl: event.entityUrl,
      timestamp: 1795348800250,
    });
  });

  it('has the entity only when the endpoint includes it', () => {
    const body = sentBody(exampleEvent(), exampleEndpoint({ includeEntity: false }), DELIVERY);
    expect(Object.keys(JSON.parse(body?.text ?? '') as object)).toEqual([
      'eventId',
      'eventType',
      'webhookId',
      'entityId',
      'entityUrl',
      'timestamp',
    ]);
  });

  it('is a form with the same values when the endpoint wants one, the entity as JSON text', () => {
    const endpoint = exampleEndpoint({ contentType: 'application/x-www-form-urlencoded' });
    const event = exampleEvent();
    const body = sentBody(event, endpoint, DELIVERY);
    expect(body?.contentType).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(body?.text))).toEqual({
      eventId: DELIVERY,
      eventType: 'order.created',
      webhookId: '7',
      entityId: '42',
      timestamp: '1795348800250',
      entity: JSON.stringify(event.data),
    });
    const bare = sentBody(event, { ...endpoint, includeEntity: false }, DELIVERY);
    expect(new URLSearchParams(bare?.text).has('entity')).toBe(false);
  });

  it('does not exist on GET (ET-03)', () => {
    expect(sentBody(exampleEvent(), exampleEndpoint({ method: 'GET' }), DELIVERY)).toBeNull();
  });

  it('is {type, timestamp, data} in format standard, and a CloudEvent in format cloudevents', () => {
    const event = exampleEvent();
    const standard = sentBody(event, exampleEndpoint({ format: 'standard' }), DELIVERY);
    expect(JSON.parse(standard?.text ?? '')).toEqual({ type: event.type, timestamp: event.time, data: event.data });
    const cloud = sentBody(event, exampleEndpoint({ format: 'cloudevents' }), DELIVERY);
    expect(cloud?.contentType).toBe('application/cloudevents+json');
    expect(JSON.parse(cloud?.text ?? '')).toEqual({
      specversion: '1.0',
      id: 'order-1',
      source: '/shop',
      type: 'order.created',
      subject: '42',
      time: event.time,
      datacontenttype: 'application/json',
      data: event.data,
    });
  });

  it.each([null, 0, '', 'text', [1, 2], {}])('carries the data %j as it is', (data) => {
    const body = sentBody(exampleEvent({ data }), exampleEndpoint(), DELIVERY);
    expect((JSON.parse(body?.text ?? '') as { entity: unknown }).entity).toEqual(data);
  });
});

describe('DL-02: CloudEvents', () => {
  it('are what the cloudevents library reads and finds valid', () => {
    const event = exampleEvent();
    const body = sentBody(event, exampleEndpoint({ format: 'cloudevents' }), 'd');
    const message = { headers: { 'content-type': body?.contentType ?? '' }, body: body?.text ?? '' };
    const read = HTTP.toEvent(message) as CloudEvent;
    expect(read.validate()).toBe(true);
    expect(read).toMatchObject({ id: event.sourceId, source: '/shop', type: 'order.created', data: event.data });
  });

  it('have the extensions, the schema and the content type that their producer gave them', () => {
    const attributes = {
      dataschema: 'https://shop.example/order.json',
      datacontenttype: 'text/plain',
      extensions: { tenant: 'zażółć', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', part: 3 },
    };
    const event = exampleEvent({ data: 'text', attributes });
    const body = sentBody(event, exampleEndpoint({ format: 'cloudevents' }), 'd');
    const headers = { 'content-type': body?.contentType ?? '' };
    const read = HTTP.toEvent({ headers, body: body?.text ?? '' }) as CloudEvent;
    expect(read.validate()).toBe(true);
    const { extensions, ...others } = attributes;
    expect(read).toMatchObject({ ...others, ...extensions, data: 'text' });
  });

  it('are not changed by extensions that are named like attributes of Sluice', () => {
    const event = exampleEvent({ attributes: { extensions: { id: 'other', type: 'Flow.Executed' } } });
    const body = sentBody(event, exampleEndpoint({ format: 'cloudevents' }), 'd');
    expect(JSON.parse(body?.text ?? '')).toMatchObject({ id: 'order-1', type: 'order.created' });
  });
});
