import { describe, expect, test } from 'vitest';
import { stepCompiler } from '../../flows/compiled-flow.ts';
import type { StepScope } from '../step-type.ts';
import type { HttpRequest } from './http-request.ts';
import { httpStep } from './http.step.ts';

const scope = (context: Record<string, unknown> = {}): StepScope => ({
  context,
  strict: false,
  now: new Date(0),
  checkTime: undefined,
});
const compile = (fields: Record<string, unknown>) =>
  httpStep.compile({ ref: 'res', type: 'http', ...fields }, stepCompiler);
const requestOf = (fields: Record<string, unknown>, context?: Record<string, unknown>): HttpRequest =>
  compile(fields).request?.(scope(context)) as HttpRequest;

describe('the request of an http step', () => {
  test('is a GET without a body, unless there is something to send', () => {
    expect(requestOf({ url: 'https://example.org/a' })).toMatchObject({ method: 'GET', body: null, headers: [] });
    expect(requestOf({ url: 'https://example.org/a', body: 'x' })).toMatchObject({ method: 'POST', body: 'x' });
  });

  test('sends json as JSON with its content type, and body as it is', () => {
    const json = requestOf({ url: 'https://a.example/', json: { n: '{{ n }}' } }, { n: [1] });
    expect(json).toMatchObject({ body: '{"n":[1]}', headers: [['content-type', 'application/json']] });
    expect(requestOf({ url: 'https://a.example/', json: null })).toMatchObject({ body: 'null' });
    expect(requestOf({ url: 'https://a.example/', body: 'n={{ n }}' }, { n: 1 })).toMatchObject({
      body: 'n=1',
      headers: [],
    });
    const own = { url: 'https://a.example/', json: {}, headers: { 'Content-Type': 'application/vnd.x+json' } };
    expect(requestOf(own).headers).toEqual([['Content-Type', 'application/vnd.x+json']]);
  });

  test('renders numbers and missing values of headers as text', () => {
    const { headers } = requestOf(
      { url: 'https://a.example/', headers: { 'x-n': '{{ n }}', 'x-none': '{{ no }}' } },
      { n: 7 },
    );
    expect(headers).toEqual([
      ['x-n', '7'],
      ['x-none', ''],
    ]);
  });

  test('takes all headers from one template', () => {
    const fields = { url: 'https://a.example/', headers: '{{ h }}' };
    expect(requestOf(fields, { h: { a: 1 } }).headers).toEqual([['a', '1']]);
    expect(() => requestOf(fields, { h: 'text' })).toThrow('the headers are not an object');
  });

  test.each([
    [{ url: '{{ u }}' }, 'must be absolute'],
    [{ url: 'file:///etc/passwd' }, 'must be absolute'],
    [{ url: '//a.example/' }, 'must be absolute'],
    [{ url: 'https://' }, 'must be absolute'],
    [{ url: 'https://a.example/', method: 'BREW' }, 'BREW is not a method'],
  ])('refuses %j', (fields, message) => {
    expect(() => compile(fields).begin(scope())).toThrow(message);
  });

  test('is recorded without secrets and sent with them', () => {
    const step = compile({ url: 'https://a.example/?k={{ secrets.k }}', headers: '{{ secrets.all | fromjson }}' });
    expect(step.begin(scope())).toMatchObject({
      kind: 'effect',
      input: { url: 'https://a.example/?k={{ secrets.k }}', headers: { '{{ secrets.all | fromjson }}': '' } },
    });
    expect([...(step.secretNames ?? [])].sort()).toEqual(['all', 'k']);
    const sent = step.request?.(scope({ secrets: { k: 'clear', all: '{"authorization":"clear"}' } })) as HttpRequest;
    expect(sent.url).toBe('https://a.example/?k=clear');
  });
});

describe('what an http step sends', () => {
  test('is a form, a text or a query as the flow gives it', () => {
    const url = 'https://a.example/x?a=1';
    expect(requestOf({ url, form: { b: '{{ n }}', c: ['ü', 2], d: null } }, { n: 7 })).toMatchObject({
      method: 'POST',
      body: 'b=7&c=%C3%BC&c=2',
      headers: [['content-type', 'application/x-www-form-urlencoded']],
    });
    expect(requestOf({ url, text: 'hello {{ n }}' }, { n: 7 })).toMatchObject({
      body: 'hello 7',
      headers: [['content-type', 'text/plain; charset=utf-8']],
    });
    expect(requestOf({ url, query: { b: '{{ list }}', c: '', d: '{{ no }}' } }, { list: [1, 'x y'] }).url).toBe(
      'https://a.example/x?a=1&b=1&b=x+y&c=',
    );
    expect(requestOf({ url, query: '{{ q }}' }, { q: { z: true } }).url).toBe('https://a.example/x?a=1&z=true');
    expect(() => requestOf({ url, form: '{{ no }}' })).toThrow('the form are not an object');
  });

  test('is authorised by secrets that are recorded nowhere', () => {
    const secrets = { k: 's3cret-k' };
    const url = 'https://a.example/';
    const sent = (auth: unknown) => requestOf({ url, auth }, { secrets });
    expect(sent({ type: 'bearer', token: '{{ secrets.k }}' }).headers).toEqual([['authorization', 'Bearer s3cret-k']]);
    const basic = sent({ type: 'basic', user: 'u', password: '{{ secrets.k }}' });
    expect(basic.headers).toEqual([['authorization', 'Basic dTpzM2NyZXQtaw==']]);
    expect(basic.secrets).toContain('dTpzM2NyZXQtaw==');
    expect(sent({ type: 'header', name: 'x-key', value: '{{ secrets.k }}' }).headers).toEqual([['x-key', 's3cret-k']]);
    expect(() => sent({ type: 'bearer', token: '{{ no }}' })).toThrow('auth has no token');
    expect(() => sent({ type: 'basic', user: 'a:b', password: 'c' })).toThrow('colon');
    const step = compile({ url, auth: { type: 'bearer', token: 'written-down' }, headers: { Cookie: '{{ c }}' } });
    expect(step.begin(scope({ c: 'session=1' }))).toMatchObject({
      input: { auth: { type: 'bearer' }, headers: { Cookie: '***' } },
    });
    expect(JSON.stringify(step.begin(scope({ c: 'session=1' })))).not.toMatch(/written-down|session/);
    const sentWith = step.request?.(scope({ c: 'session=1' })) as HttpRequest;
    expect(sentWith.secrets).toEqual(expect.arrayContaining(['written-down', 'session=1']));
  });

  test('is not told in the words of an error when it cannot be sent', () => {
    const step = compile({ url: '{{ secrets.k }}' });
    expect(() => step.request?.(scope({ secrets: { k: 'ftp://hidden' } }))).toThrow(/http:\/\/ or https:\/\/: \*\*\*$/);
  });

  test('does not count the hops of a chain itself', () => {
    const headers = '{{ h }}';
    const step = compile({ url: 'https://a.example/', headers });
    expect(() => step.begin(scope({ h: { 'Sluice-Hops': 0 } }))).toThrow('the header Sluice-Hops cannot be set');
  });

  test('hides the name of a host that a secret says, in the form that DNS has it', () => {
    const hiddenOf = (url: string, k: string) => requestOf({ url }, { secrets: { k } }).secrets;
    expect(hiddenOf('https://{{ secrets.k }}/x', 'Käse.example')).toContain('xn--kse-qla.example');
    expect(hiddenOf('https://shop-{{ secrets.k }}.example/', 'T3nant')).toContain('shop-t3nant.example');
    expect(hiddenOf('{{ secrets.k }}', 'https://hooks.example/T/B')).toContain('hooks.example');
    expect(hiddenOf('https://a.example/?k={{ secrets.k }}', 's3cret')).not.toContain('a.example');
  });

  test('is a file only by a reference to one', () => {
    const payloadId = '0190e7a0-0000-7000-8000-000000000001';
    const url = 'https://a.example/';
    expect(requestOf({ url, file: '{{ f }}' }, { f: { payloadId, contentType: 'text/csv' } })).toMatchObject({
      filePayloadId: payloadId,
      body: null,
      headers: [['content-type', 'text/csv']],
    });
    expect(() => requestOf({ url, file: '{{ f }}' }, { f: { payloadId: '1 or 1' } })).toThrow('the file is none');
  });
});
