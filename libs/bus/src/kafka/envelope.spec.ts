import { type StoredEvent, storedEvent } from '@sluice/event-store';
import type { IHeaders } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { eventOf, foreignOf, messageOf, type ReceivedMessage } from './envelope.ts';

const STREAM = '01935c3e-0000-7000-8000-000000000001';
const CORRELATION = '01935c3e-0000-7000-8000-000000000002';
const CAUSE = '01935c3e-0000-7000-8000-000000000003';

function stored(more: Partial<StoredEvent> = {}): StoredEvent {
  return storedEvent({
    topic: 'runner.events',
    position: { epoch: 2, transactionId: 12_345_678_901n, position: 42n },
    streamId: STREAM,
    version: 3,
    partitionKey: STREAM,
    type: 'EventEmitted',
    typeVersion: 1,
    appId: 'app-1',
    dataJson: '{"a":"ü"}',
    meta: { correlationId: CORRELATION, causationId: CAUSE, traceparent: '00-aa-bb-01' },
    occurredAt: new Date('2026-11-22T10:11:12.345Z'),
    body: null,
    ...more,
  });
}

/** As kafkajs gives it to a consumer: header values are bytes. */
function received(event: StoredEvent): ReceivedMessage & { headers: IHeaders } {
  const { key, value, headers } = messageOf(event);
  const bytes = Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(text as string)]);
  return {
    key: Buffer.from(key as string),
    value: Buffer.from(value as string),
    headers: Object.fromEntries(bytes) as IHeaders,
    timestamp: '0',
    offset: '7',
  };
}

describe('the envelope of events on Kafka', () => {
  it('is CloudEvents 1.0 in binary mode with our extensions, the key is the partition key, the value the data', () => {
    expect(messageOf(stored())).toEqual({
      key: STREAM,
      value: '{"a":"ü"}',
      headers: {
        'content-type': 'application/json',
        ce_specversion: '1.0',
        ce_id: `${STREAM}/3`,
        ce_source: '/sluice/runner',
        ce_type: 'EventEmitted',
        ce_time: '2026-11-22T10:11:12.345Z',
        ce_appid: 'app-1',
        ce_correlationid: CORRELATION,
        ce_causationid: CAUSE,
        ce_stream: STREAM,
        ce_version: '3',
        traceparent: '00-aa-bb-01',
        sluice_position: '2:12345678901:42',
      },
    });
  });

  it.each<[string, Partial<StoredEvent>]>([
    ['with everything', { typeVersion: 4, body: Buffer.from([0, 255, 10]), partitionKey: 'order ä' }],
    ['without app, cause and trace', { appId: null, meta: { correlationId: CORRELATION, causationId: null } }],
    [
      'with an actor whose id is not ASCII',
      { meta: { correlationId: CORRELATION, causationId: null, actor: { type: 'user', id: 'Jürgen ✓' } } },
    ],
    ['with an empty body', { body: Buffer.alloc(0) }],
  ])('an event %s comes back as it was', (_, more) => {
    const event = stored(more);
    const back = eventOf('runner.events', received(event));
    expect(back).toEqual(event);
    expect(back.data).toEqual({ a: 'ü' });
  });

  it.each(['sluice_position', 'ce_stream', 'ce_type', 'ce_version'])(
    'a message without %s is not an event of ours',
    (name) => {
      const message = received(stored());
      delete message.headers[name];
      expect(() => eventOf('runner.events', message)).toThrow(name === 'sluice_position' ? /position/ : name);
    },
  );

  it('a foreign message keeps its bytes; of a repeated header the last value counts', () => {
    const message = received(stored());
    message.headers = { ce_id: Buffer.from('1'), twice: [Buffer.from('a'), Buffer.from('b')] };
    expect(foreignOf('domain.events', 5, message)).toEqual({
      topic: 'domain.events',
      partition: 5,
      offset: 7n,
      key: STREAM,
      headers: { ce_id: '1', twice: 'b' },
      value: Buffer.from('{"a":"ü"}'),
      timestamp: new Date(0),
    });
  });
});
