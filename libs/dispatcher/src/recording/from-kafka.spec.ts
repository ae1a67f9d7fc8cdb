import type { ForeignMessage } from '@sluice/bus';
import { describe, expect, it } from 'vitest';
import { appOf, BadRecordError, cloudEventOf } from './from-kafka.ts';

const APP = '01999999-0000-7000-8000-0000000000a1';

function message(headers: Record<string, string>, value: unknown, topic = 'domain.events'): ForeignMessage {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return { topic, partition: 0, offset: 7n, key: null, headers, value: bytes, timestamp: new Date(1_795_000_000_000) };
}

const BINARY = { ce_specversion: '1.0', ce_id: 'e1', ce_source: '/shop', ce_type: 'order.paid' };
const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };

describe('CloudEvents over Kafka', () => {
  it('are read in the binary mode: attributes in headers, the value is the data', () => {
    const event = cloudEventOf(message({ ...BINARY, ce_subject: 's', 'content-type': 'application/json' }, { n: 1 }));
    expect(event).toEqual({
      specversion: '1.0',
      id: 'e1',
      source: '/shop',
      type: 'order.paid',
      subject: 's',
      datacontenttype: 'application/json',
      data: { n: 1 },
    });
  });

  it('are read in the structured mode: the value is the whole event', () => {
    const event = { specversion: '1.0', id: 'e1', source: '/shop', type: 'order.paid', data: [1] };
    expect(cloudEventOf(message(STRUCTURED, event))).toEqual(event);
  });

  it('have their data in data_base64, too, and attributes that are null are absent', () => {
    const data_base64 = Buffer.from('{"n":1}').toString('base64');
    const event = { specversion: '1.0', id: 'e1', source: '/shop', type: 'order.paid', subject: null, data_base64 };
    const { subject: _, data_base64: _sent, ...expected } = event;
    expect(cloudEventOf(message(STRUCTURED, event))).toEqual({ ...expected, data: { n: 1 } });
  });

  it('keep their extensions and their schema', () => {
    const headers = { ...BINARY, ce_dataschema: 'https://shop.example/order.json', ce_tenant: 'a' };
    expect(cloudEventOf(message(headers, '{}'))).toMatchObject({
      dataschema: 'https://shop.example/order.json',
      tenant: 'a',
    });
  });

  it('may have text or nothing as data', () => {
    expect(cloudEventOf(message({ ...BINARY, 'content-type': 'text/plain' }, 'zażółć')).data).toBe('zażółć');
    expect(cloudEventOf(message(BINARY, '')).data).toBeUndefined();
  });

  it.each([
    ['no attributes at all', {}, '{"a":1}', 'specversion'],
    ['another version', { ...BINARY, ce_specversion: '0.3' }, '{}', 'attribute specversion must be "1.0"'],
    ['no id', { ...BINARY, ce_id: '' }, '{}', 'attribute id'],
    ['no type', { ce_specversion: '1.0', ce_id: 'e', ce_source: '/s' }, '{}', 'attribute type'],
    ['a source without end', { ...BINARY, ce_source: 'x'.repeat(3000) }, '{}', 'attribute source'],
    ['a time that is none', { ...BINARY, ce_time: 'yesterday' }, '{}', 'attribute time'],
    ['a time without a zone', { ...BINARY, ce_time: '2026-01-02T03:04:05' }, '{}', 'attribute time'],
    ['broken JSON', BINARY, '{"a":', 'not valid JSON'],
    ['bytes that are no UTF-8', BINARY, Buffer.from([0x22, 0xff, 0x22]), 'not valid UTF-8'],
    ['JSON without end', BINARY, '['.repeat(100_000) + ']'.repeat(100_000), 'the data cannot be read'],
    ['an array in the structured mode', STRUCTURED, '[]', 'must be a JSON object'],
    ['null in the structured mode', STRUCTURED, 'null', 'must be a JSON object'],
    ['a built-in type', { ...BINARY, ce_type: 'Flow.Executed' }, '{}', 'Flow.Executed is emitted by Sluice only'],
    ['an extension that has a bad name', { ...BINARY, ce_Tenant_Id: 'a' }, '{}', 'attribute Tenant_Id'],
    [
      'bytes in data_base64 that are no text',
      STRUCTURED,
      { specversion: '1.0', id: '1', source: '/', type: 't', datacontenttype: 'image/png', data_base64: '/w==' },
      'not valid UTF-8',
    ],
    ['an id that is a number', STRUCTURED, { specversion: '1.0', id: 1, source: '/', type: 't' }, 'attribute id'],
    [
      'a subject that is an object',
      STRUCTURED,
      { specversion: '1.0', id: '1', source: '/', type: 't', subject: {} },
      'subject',
    ],
  ])('are refused with the reason: %s', (_, headers, value, reason) => {
    expect(() => cloudEventOf(message(headers as Record<string, string>, value))).toThrow(BadRecordError);
    expect(() => cloudEventOf(message(headers as Record<string, string>, value))).toThrow(reason);
  });
});

describe('the app of a record', () => {
  const event = cloudEventOf(message({ ...BINARY, ce_appid: APP }, '{}'));
  const kafka = { topicApps: { 'domain.events': 'default' }, trustedTopics: ['trusted.events'] };

  it('is that of its topic, whatever an untrusted record says', () => {
    expect(appOf(message({}, '{}'), event, kafka)).toBe('default');
  });

  it('is the record’s own on a trusted topic, the topic’s when it names none', () => {
    const trusting = { topicApps: { 'trusted.events': 'default' }, trustedTopics: ['trusted.events'] };
    expect(appOf(message({}, '{}', 'trusted.events'), event, trusting)).toBe(APP);
    const silent = cloudEventOf(message(BINARY, '{}'));
    expect(appOf(message({}, '{}', 'trusted.events'), silent, trusting)).toBe('default');
  });

  it('must be an id on a trusted topic, and configured otherwise', () => {
    const odd = cloudEventOf(message({ ...BINARY, ce_appid: 'default' }, '{}'));
    expect(() => appOf(message({}, '{}', 'trusted.events'), odd, kafka)).toThrow('must be the id of an app');
    expect(() => appOf(message({}, '{}', 'other.events'), event, kafka)).toThrow('no app is configured');
  });
});
