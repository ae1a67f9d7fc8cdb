import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { exampleEndpoint, exampleEvent } from '@sluice/testing';
import { type HeaderFacts, headersOf } from './request-headers.ts';

const DELIVERY = '01999999-0000-8000-8000-0000000000d1';
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

function facts(change: Partial<HeaderFacts> = {}): HeaderFacts & { body: string } {
  return {
    event: exampleEvent(),
    endpoint: exampleEndpoint(),
    secrets: { secrets: [SECRET], basicPass: null, headerValues: [] },
    deliveryId: DELIVERY,
    contentType: 'application/json',
    body: '{"zażółć":"gęślą"}',
    nowMs: Date.now(),
    etlPrefix: 'X-Etl-Webhook',
    hops: 1,
    ...change,
  } as HeaderFacts & { body: string };
}

function sent(change: Partial<HeaderFacts> = {}): Record<string, string> {
  return Object.fromEntries(headersOf(facts(change)).sent);
}

const SAMPLE_SEALED = { id: 'x', version: 1 };

describe('ET-03: headers of every request', () => {
  it('cuts a subject that no server would take in a header', () => {
    const event = { ...exampleEvent(), entityId: 'y'.repeat(200_000) };
    expect(sent({ event })['X-Etl-Webhook-Entity-Id']).toBe('y'.repeat(1_024));
  });

  it('names the delivery, the event, the endpoint and the entity, on POST and GET alike', () => {
    const expected = {
      'X-Etl-Webhook-Event-Id': DELIVERY,
      'X-Etl-Webhook-Event': 'order.created',
      'X-Etl-Webhook-Id': '7',
      'X-Etl-Webhook-Entity-Id': '42',
      'X-Etl-Webhook-Entity-URL': exampleEvent().entityUrl,
      'webhook-id': DELIVERY,
    };
    expect(sent()).toMatchObject(expected);
    const get = sent({ endpoint: exampleEndpoint({ method: 'GET' }), contentType: null, body: '' });
    expect(get).toMatchObject(expected);
    expect(get).not.toHaveProperty('Content-Type');
  });

  it('percent-encodes what a header cannot carry', () => {
    const headers = sent({ event: exampleEvent({ type: 'zamówienie.nowe', entityId: 'a\r\nb: c \ud800' }) });
    expect(headers['X-Etl-Webhook-Event']).toBe('zam%C3%B3wienie.nowe');
    expect(headers['X-Etl-Webhook-Entity-Id']).toBe('a%0D%0Ab: c %EF%BF%BD');
  });
});

describe('ET-08: what is recorded of headers', () => {
  it('is every header that is sent, with a name that objects have a meaning for as well', () => {
    const endpoint = exampleEndpoint({ headers: [{ key: '__proto__', value: SAMPLE_SEALED }] });
    const secrets = { secrets: [], basicPass: null, headerValues: ['v'] };
    const { recorded, sent: list } = headersOf(facts({ endpoint, secrets }));
    expect(Object.entries(recorded)).toContainEqual(['__proto__', '***']);
    expect(Object.keys(recorded)).toEqual(list.map(([name]) => name.toLowerCase()));
  });
});

describe('ET-07: the HMAC-SHA1 signature', () => {
  it('is over the exact body bytes, lower-case hex, with the secret as given', () => {
    const expected = createHmac('sha1', Buffer.from(SECRET, 'utf8')).update(Buffer.from(facts().body)).digest('hex');
    expect(sent()['X-Etl-Webhook-Signature']).toBe(expected);
    expect(expected).toMatch(/^[0-9a-f]{40}$/);
  });

  it('is absent without a secret, on GET, and in the other formats', () => {
    const without = { secrets: [], basicPass: null, headerValues: [] };
    expect(sent({ secrets: without })).not.toHaveProperty('X-Etl-Webhook-Signature');
    expect(sent({ secrets: without })).not.toHaveProperty('webhook-signature');
    expect(sent({ endpoint: exampleEndpoint({ method: 'GET' }) })).not.toHaveProperty('X-Etl-Webhook-Signature');
    const standard = sent({ endpoint: exampleEndpoint({ format: 'standard' }) });
    expect(Object.keys(standard).filter((name) => name.startsWith('X-Etl'))).toEqual([]);
  });
});

describe('DL-01: Standard Webhooks', () => {
  it('is what the standardwebhooks library verifies, with a whsec_ secret', () => {
    const { body } = facts();
    const verified = new Webhook(SECRET).verify(body, sent());
    expect(verified).toEqual(JSON.parse(body));
  });

  it('is what it verifies with a plain secret, whose key is its UTF-8 bytes', () => {
    const plain = 'hasło — 🔑';
    const headers = sent({ secrets: { secrets: [plain], basicPass: null, headerValues: [] } });
    const webhook = new Webhook(Buffer.from(plain).toString('base64'));
    expect(() => webhook.verify(facts().body, headers)).not.toThrow();
    expect(() => webhook.verify(`${facts().body} `, headers)).toThrow();
  });

  it('takes a whsec_ text that is no base64 as it is', () => {
    const odd = 'whsec_not base64!';
    const headers = sent({ secrets: { secrets: [odd], basicPass: null, headerValues: [] } });
    const webhook = new Webhook(Buffer.from(odd).toString('base64'));
    expect(() => webhook.verify(facts().body, headers)).not.toThrow();
  });
});

describe('ET-08: authentication and custom headers', () => {
  const custom = (...keys: string[]) => keys.map((key) => ({ key, value: SAMPLE_SEALED }));

  it('sends basic authentication and custom headers', () => {
    const headers = sent({
      endpoint: exampleEndpoint({ basicUser: 'müller', headers: custom('X-Api-Key', 'User-Agent') }),
      secrets: { secrets: [], basicPass: 'pä:ss', headerValues: ['k1', 'mine/1'] },
    });
    expect(headers.Authorization).toBe(`Basic ${Buffer.from('müller:pä:ss').toString('base64')}`);
    expect(headers).toMatchObject({ 'X-Api-Key': 'k1', 'User-Agent': 'mine/1' });
  });

  it('lets no custom header override ours, whatever its case and also where ours is absent', () => {
    const names = [
      'x-ETL-webhook-signature',
      'X-Etl-Webhook-Event-Id',
      'WEBHOOK-ID',
      'webhook-Signature',
      'content-type',
      'X-Etl-Webhook-New',
    ];
    const list = headersOf(
      facts({
        endpoint: exampleEndpoint({ headers: custom(...names, 'X-Ok') }),
        secrets: { secrets: [], basicPass: null, headerValues: [...names.map(() => 'forged'), 'fine'] },
      }),
    ).sent;
    expect(list.map(([, value]) => value)).not.toContain('forged');
    expect(list).toContainEqual(['X-Ok', 'fine']);
  });

  it('sends one Authorization: basic wins over a custom one', () => {
    const list = headersOf(
      facts({
        endpoint: exampleEndpoint({ basicUser: 'u', headers: custom('authorization') }),
        secrets: { secrets: [], basicPass: 'p', headerValues: ['Bearer x'] },
      }),
    ).sent;
    expect(list.filter(([name]) => name.toLowerCase() === 'authorization')).toHaveLength(1);
  });

  it('records every header, secrets masked', () => {
    const { recorded } = headersOf(
      facts({
        endpoint: exampleEndpoint({ basicUser: 'u', headers: custom('X-Api-Key') }),
        secrets: { secrets: [SECRET], basicPass: 'p4ss', headerValues: ['k3y'] },
      }),
    );
    expect(recorded).toMatchObject({ authorization: '***', 'x-api-key': '***', 'x-etl-webhook-id': '7' });
    const text = JSON.stringify(recorded);
    for (const secret of [SECRET, 'p4ss', 'k3y', Buffer.from('u:p4ss').toString('base64')]) {
      expect(text).not.toContain(secret);
    }
  });
});

describe('OP-01: traceparent', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it('is the attempt’s, is recorded, and is not replaced by a configured one', () => {
    const endpoint = exampleEndpoint({ headers: [{ key: 'Traceparent', value: SAMPLE_SEALED }] });
    const secrets = { secrets: [], basicPass: null, headerValues: ['theirs'] };
    const { sent: list, recorded } = headersOf(facts({ endpoint, secrets, traceparent }));
    expect(list.filter(([name]) => name.toLowerCase() === 'traceparent')).toEqual([['traceparent', traceparent]]);
    expect(recorded.traceparent).toBe(traceparent);
  });

  it('is absent when there is none', () => {
    expect(sent()).not.toHaveProperty('traceparent');
  });
});
