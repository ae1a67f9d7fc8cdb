import type { EndpointState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { exampleEndpoint, exampleEvent } from '@sluice/testing';
import type { Delivery } from '../delivering/delivery.ts';
import { isFinal, requestOf } from './delivery-request.ts';

function prepared(change: Partial<EndpointState>, data: unknown = { total: 120 }, hops?: number) {
  const event = exampleEvent({ data });
  const meta = { correlationId: 'c', causationId: null, ...(hops === undefined ? {} : { hops }) };
  return requestOf({
    delivery: { deliveryId: 'd-1', event, meta } as unknown as Delivery,
    endpoint: exampleEndpoint(change),
    secrets: { secrets: [], basicPass: null, headerValues: [] },
    raw: null,
    nowMs: 0,
    etlPrefix: 'X-Etl-Webhook',
    traceparent: undefined,
    signAside: null,
  });
}

async function sent(change: Partial<EndpointState>, data?: unknown) {
  const request = await prepared(change, data);
  if (!('ready' in request)) throw new Error(JSON.stringify(request));
  const { headers, body } = request.ready;
  return { headers: Object.fromEntries(headers.sent) as Record<string, string>, body: String(body) };
}

describe('DL-02: transformations', () => {
  it('replace the whole body, in the content type of the endpoint', async () => {
    const { headers, body } = await sent({ transform: '{{ {"text": "Order of " ~ event.data.total} }}' });
    expect([headers['Content-Type'], JSON.parse(body)]).toEqual(['application/json', { text: 'Order of 120' }]);
    expect(headers['X-Etl-Webhook-Event']).toBe('order.created');
    const cloud = await sent({ format: 'cloudevents', transform: '{"specversion": "1.0"}' });
    expect([cloud.headers['Content-Type'], cloud.body]).toEqual([
      'application/cloudevents+json',
      '{"specversion": "1.0"}',
    ]);
  });

  it('make forms of objects, and take text as a form as it is', async () => {
    const form = { contentType: 'application/x-www-form-urlencoded' } as const;
    expect((await sent({ ...form, transform: '{{ {"total": event.data.total, "a": [1]} }}' })).body).toBe(
      'total=120&a=%5B1%5D',
    );
    expect((await sent({ ...form, transform: 'total={{ event.data.total }}' })).body).toBe('total=120');
  });

  it.each([
    ['{{ event.data.total / 0 }}', /zero/],
    ['not JSON: {{ event.type }}', /not JSON/],
    ['{% for a in range(1000) %}{% for b in range(1000) %}{{ a * b }}{% endfor %}{% endfor %}', /too much work/],
  ])('that fail end the delivery with the reason: %s', async (transform, message) => {
    const request = await prepared({ transform });
    expect(request).toMatchObject({
      error: { stage: 'request', code: 'transform_failed', message: expect.stringMatching(message) as string },
    });
    expect('error' in request && isFinal(request.error)).toBe(true);
  });
});

describe('DL-02: filters', () => {
  it('are asked again when it is sent: what the endpoint is now decides', async () => {
    expect(await prepared({ filter: 'event.data.total > 500' })).toEqual({ filtered: true });
    expect(await prepared({ filter: 'event.data.total > 100' })).toHaveProperty('ready');
  });

  it('that fail end the delivery with the reason', async () => {
    expect(await prepared({ filter: 'event.data.total / 0' })).toMatchObject({ error: { code: 'filter_failed' } });
  });
});

describe('DL-11: the hop count', () => {
  it('is one more than what led to the event', async () => {
    for (const [before, after] of [
      [undefined, '1'],
      [3, '4'],
    ] as const) {
      const request = await prepared({}, {}, before);
      if (!('ready' in request)) throw new Error('not ready');
      expect(request.ready.headers.sent).toContainEqual(['Sluice-Hops', after]);
    }
  });
});

describe('LU-14: a SIEM endpoint', () => {
  it('is sent the activity, without the headers of Etlworks', async () => {
    const { headers, body } = await sent({ kind: 'inline', hookType: 'SIEM', events: [] });
    expect(JSON.parse(body)).toMatchObject({ event: { event_type: 'order.created', event_metadata: { total: 120 } } });
    expect(Object.keys(headers).filter((name) => name.startsWith('X-Etl'))).toEqual([]);
    expect(headers['webhook-id']).toBe('d-1');
  });
});
