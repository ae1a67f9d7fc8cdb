import { AppError } from '@sluice/contracts';
import { BodyProblem, DEFAULT_BODY_LIMITS } from '@sluice/request-body';
import { describe, expect, it } from 'vitest';
import { cloudEventsOf } from './cloud-event-binding.rules.ts';

const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };
const minimal = { specversion: '1.0', id: '1', source: '/shop', type: 'order.created' };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function refusal(headers: Record<string, string>, body: Buffer): { code: string; pointers: string[] } {
  try {
    cloudEventsOf(headers, body, 1000, DEFAULT_BODY_LIMITS);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, pointers: error.errors.map((each) => each.pointer) };
    if (error instanceof BodyProblem) return { code: error.code, pointers: [] };
    throw error;
  }
  return { code: 'accepted', pointers: [] };
}

describe('GW-09: CloudEvents 1.0 over HTTP', () => {
  const inHeaders = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/shop', 'ce-type': 'order.created' };
  it.each<[string, Record<string, string>, unknown, number]>([
    ['the structured mode', STRUCTURED, { ...minimal, data: [[1]] }, 3],
    ['a batch', BATCH, [{ ...minimal, data: [[1]] }], 4],
    ['the binary mode', inHeaders, [[1]], 2],
    ['data_base64', STRUCTURED, { ...minimal, data_base64: Buffer.from('{"a":1}').toString('base64') }, 1],
  ])('GW-07: reads %s within the limits of the deployment', (_, headers, body, depth) => {
    const within = (maxDepth: number) =>
      cloudEventsOf(headers, json(body), 1000, { ...DEFAULT_BODY_LIMITS, maxDepth })[0]?.type;
    expect(within(depth)).toBe('order.created');
    expect(() => within(depth - 1)).toThrow(expect.objectContaining({ code: expect.any(String) as string }) as Error);
  });

  it('reads the structured mode with extensions, leaving out what is null', () => {
    const event = {
      ...minimal,
      subject: null,
      time: '2026-01-31T12:00:00.5+01:00',
      tenant: 'a',
      hops: 3,
      data: { a: [1] },
    };
    const { subject: _absent, ...expected } = event;
    expect(cloudEventsOf(STRUCTURED, json(event), 1000, DEFAULT_BODY_LIMITS)).toEqual([expected]);
  });

  it('reads the batched mode, also an empty batch', () => {
    expect(
      cloudEventsOf(BATCH, json([minimal, { ...minimal, id: '2' }]), 1000, DEFAULT_BODY_LIMITS).map(
        (event) => event.id,
      ),
    ).toEqual(['1', '2']);
    expect(cloudEventsOf(BATCH, json([]), 1000, DEFAULT_BODY_LIMITS)).toEqual([]);
  });

  const binary = { 'ce-specversion': '1.0', 'ce-id': '7', 'ce-source': '/shop', 'ce-type': 'order.created' };
  it('reads the binary mode: percent-encoded and quoted headers, JSON, text and no data', () => {
    const headers = { ...binary, 'ce-subject': 'Z%C3%BCrich', 'ce-tenant': '"a \\"b\\""', host: 'x' };
    const data = { ...headers, 'content-type': 'application/json' };
    expect(cloudEventsOf(data, json({ n: 1 }), 1000, DEFAULT_BODY_LIMITS)).toEqual([
      {
        specversion: '1.0',
        id: '7',
        source: '/shop',
        type: 'order.created',
        subject: 'Zürich',
        tenant: 'a "b"',
        datacontenttype: 'application/json',
        data: { n: 1 },
      },
    ]);
    expect(
      cloudEventsOf({ ...binary, 'content-type': 'text/plain' }, Buffer.from('hi'), 1000, DEFAULT_BODY_LIMITS)[0]?.data,
    ).toBe('hi');
    expect(cloudEventsOf(binary, Buffer.alloc(0), 1000, DEFAULT_BODY_LIMITS)[0]).not.toHaveProperty('data');
  });

  it('decodes data_base64 where it is JSON or text', () => {
    const data_base64 = Buffer.from('{"n":1}').toString('base64');
    expect(cloudEventsOf(STRUCTURED, json({ ...minimal, data_base64 }), 1000, DEFAULT_BODY_LIMITS)[0]).toEqual({
      ...minimal,
      data: { n: 1 },
    });
    const image = { ...minimal, datacontenttype: 'image/png', data_base64 };
    expect(refusal(STRUCTURED, json(image))).toEqual({ code: 'invalid_event', pointers: ['/data_base64'] });
  });

  it('names every problem of every event at once and accepts none', () => {
    const bad = [
      minimal,
      { specversion: '0.3', id: '', source: 'a b', time: 'yesterday', 'Bad-Name': 1, big: 1e12 },
      'no',
    ];
    expect(refusal(BATCH, json(bad))).toEqual({
      code: 'invalid_event',
      pointers: ['/1/specversion', '/1/id', '/1/source', '/1/type', '/1/time', '/1/Bad-Name', '/1/big', '/2'],
    });
  });

  it('names the built-in types of a batch where they stand', () => {
    const batch = [minimal, { ...minimal, type: 'User.Created' }, { ...minimal, type: 'flow.executed' }];
    expect(refusal(BATCH, json(batch))).toEqual({ code: 'built_in_event_type', pointers: ['/1/type'] });
  });

  it('takes 64 extensions, and answers with at most 100 problems', () => {
    const many = (count: number, value: unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`x${n}`, value]));
    expect(refusal(STRUCTURED, json({ ...minimal, ...many(64, 1) })).code).toBe('accepted');
    const bad = Array.from({ length: 10 }, () => ({ ...minimal, ...many(60, {}) }));
    expect(refusal(BATCH, json(bad)).pointers).toHaveLength(100);
  });

  it.each<[string, Record<string, string>, Buffer, string]>([
    [
      'plain JSON without a CloudEvent around it',
      { 'content-type': 'application/json' },
      json({ a: 1 }),
      'invalid_event',
    ],
    ['broken JSON', STRUCTURED, Buffer.from('{'), 'malformed_json'],
    ['70-deep JSON', BATCH, Buffer.from('['.repeat(70) + ']'.repeat(70)), 'too_deep'],
    ['invalid UTF-8', STRUCTURED, Buffer.from([0x22, 0xff, 0x22]), 'invalid_utf8'],
    ['an array in structured mode', STRUCTURED, json([minimal]), 'invalid_event'],
    ['an object in batched mode', BATCH, json(minimal), 'invalid_event'],
    ['1,001 events', BATCH, json(Array.from({ length: 1001 }, () => 1)), 'too_many_events'],
    [
      'the XML format',
      { 'content-type': 'application/cloudevents+xml' },
      Buffer.from('<a/>'),
      'unsupported_content_type',
    ],
    [
      'binary data that is neither JSON nor text',
      { ...binary, 'content-type': 'image/png' },
      Buffer.from('x'),
      'unsupported_content_type',
    ],
    ['text without an attribute', { 'content-type': 'text/plain' }, Buffer.from('x'), 'unsupported_content_type'],
    ['a form without an attribute', FORM, Buffer.from('id=1&type=a'), 'unsupported_content_type'],
    ['broken JSON without an attribute', { 'content-type': 'application/json' }, Buffer.from('{'), 'malformed_json'],
    ['nothing at all', {}, Buffer.alloc(0), 'invalid_event'],
    ['a control character', STRUCTURED, json({ ...minimal, id: 'a\u0000b' }), 'invalid_event'],
    ['an attribute with an object', STRUCTURED, json({ ...minimal, tenant: {} }), 'invalid_event'],
    ['data beside data_base64', STRUCTURED, json({ ...minimal, data: 1, data_base64: 'MQ==' }), 'invalid_event'],
    ['a very long id', STRUCTURED, json({ ...minimal, id: 'x'.repeat(513) }), 'invalid_event'],
    ['a built-in type (ET-10)', STRUCTURED, json({ ...minimal, type: 'Flow.Executed' }), 'built_in_event_type'],
    [
      '65 extensions',
      STRUCTURED,
      json({ ...minimal, ...Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`x${n}`, 1])) }),
      'invalid_event',
    ],
    [
      '16 KiB of extensions',
      STRUCTURED,
      json({ ...minimal, ...Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`x${n}`, 'y'.repeat(4_000)])) }),
      'invalid_event',
    ],
    ['an extension that cannot be text', STRUCTURED, json({ ...minimal, x: { toString: 1 } }), 'invalid_event'],
    ['a __proto__ attribute', STRUCTURED, Buffer.from('{"__proto__":{"type":"x"}}'), 'invalid_event'],
  ])('refuses %s', (_, headers, body, code) => {
    expect(refusal(headers, body).code).toBe(code);
  });
});
