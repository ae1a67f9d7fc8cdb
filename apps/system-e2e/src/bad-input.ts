import { type RecordingReceiver, recordingReceiver, System, waitFor, type Wiring } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from './api.ts';
import {
  GARBAGE_BODIES,
  GARBAGE_PARAMETERS,
  GARBAGE_VALUES,
  garbageQueries,
  type Operation,
  operationsOf,
} from './garbage.ts';
import { describeTargets } from './request-targets.ts';
import { dripUntilClosed, findUnfit, type Got, raw, type Sent, send, unfit } from './wire.ts';

interface Known {
  system: System;
  api: Api;
  trigger: { id: string; token: string };
  /** The path of a trigger of profile `run`. */
  runs: string;
  /** Something that exists, for each name of a path parameter: so that the handler itself is reached. */
  place(path: string): string;
}

async function known(system: System, receiver: RecordingReceiver): Promise<Known> {
  const api = await Api.ofFreshApp(system, 'bad-input');
  const flow = await api.flow(EMITTING_STEPS);
  const trigger = await api.trigger(flow.id);
  const runs = new URL((await api.trigger(flow.id, { profile: 'run', auth: undefined })).url).pathname;
  const endpoint = await api.endpoint(`${receiver.url}/good`, ['order.*']);
  await api.must('POST', '/v1/event-types', { name: 'order.placed' });
  const personal = { expiration: null, scopes: ['automation.view'], note: 'bad input' };
  const token = await api.must<{ id: string }>('POST', '/v1/personal-access-tokens', personal);
  const run = String((await api.fire(trigger, { n: 0 })).body.id);
  // Armed by the way, it takes the next request for a sample: not one of those that are looked at.
  const sampled = await api.trigger(flow.id);
  const ids: [RegExp, string][] = [
    [/\/triggers\/\{id\}\/capture/, `/triggers/${sampled.id}/capture`],
    [/\/flows\/\{id\}/, `/flows/${flow.id}`],
    [/\/triggers\/\{id\}/, `/triggers/${trigger.id}`],
    [/\/(endpoints|webhooks)\/\{id\}/, `/$1/${endpoint.id}`],
    [/\/(runs|timeline|requests)\/\{id\}/, `/$1/${run}`],
    [/\/apps\/\{id\}/, `/apps/${api.appId}`],
    [/\/personal-access-tokens\/\{id\}/, `/personal-access-tokens/${token.id}`],
    [/\/event-types\/\{name\}/, '/event-types/order.placed'],
    [/\{name\}/, 'some-secret'],
    [/\{(number|version|tokenId|id)\}/g, '1'],
  ];
  return {
    system,
    api,
    trigger,
    runs,
    place: (path) => ids.reduce((text, [pattern, id]) => text.replace(pattern, id), path),
  };
}

const authorized = ({ system, api }: Known): Record<string, string> => ({
  authorization: `Bearer ${system.adminToken}`,
  'x-sluice-app': api.appId,
});

/** Addresses that answer in the words of the product whose they are (compatibility.md), not in problem+json. */
const VENDORS = String.raw`/(?:v1/flow-webhook|apps|app|app-api/v1|api/webhooks)\b`;
const isVendors = ({ path }: Operation): boolean => new RegExp(`^${VENDORS}`).test(path);
const IN_THEIR_WORDS = new RegExp(`^\\w+ ${VENDORS}.*: 4\\d\\d as application/json`);

/** What is unfit for an answer: never anything from 500 on, whoever asks. */
async function unfitting(url: string, all: Parameters<typeof findUnfit>[1]): Promise<string[]> {
  return (await findUnfit(url, all)).filter((line) => !IN_THEIR_WORDS.test(line));
}

/** Deleting what the other requests need would make them all 404. */
const isKept = ({ method }: Operation): boolean => method !== 'DELETE';

function badBodies(to: Known, operation: Operation): (Sent & { name: string })[] {
  const { method, path, fields } = operation;
  const headers = { ...authorized(to), 'content-type': 'application/json' };
  const whole = GARBAGE_BODIES.map(([name, body]) => ({ name, body }));
  const byField = GARBAGE_VALUES.map(([name, value]) => ({
    name: `${name} in every field`,
    body: JSON.stringify(Object.fromEntries((fields ?? []).map((field) => [field, value]))),
  }));
  return [...whole, ...byField].map(({ name, body }) => ({ name, method, path: to.place(path), body, headers }));
}

function badPlaces(to: Known, { method, path, pathNames, queryNames }: Operation): (Sent & { name: string })[] {
  const headers = authorized(to);
  const places = pathNames.flatMap((name) =>
    GARBAGE_PARAMETERS.map((value) => to.place(path.replace(`{${name}}`, value))),
  );
  const queries = method === 'GET' ? garbageQueries(queryNames).map((query) => `${to.place(path)}?${query}`) : [];
  return [...places, ...queries].map((each) => ({ name: 'an odd address', method, path: each, headers }));
}

/** The hostile sender, written once; each wiring's test file calls this. */
export function describeBadInput(wiring: Wiring): void {
  describe(`${wiring}: bad input is a documented problem, never a 500, never a stack trace`, () => {
    let receiver: RecordingReceiver;
    let to: Known;
    let operations: Operation[];
    beforeAll(async () => {
      receiver = await recordingReceiver();
      const system = await System.start(wiring);
      to = await known(system, receiver);
      const document = await (await fetch(`${system.url}/openapi.json`)).json();
      operations = operationsOf(document as Parameters<typeof operationsOf>[0]);
    });
    afterAll(async () => {
      await receiver.close();
      await to.system.remove();
    });

    it('RG-02: every management route takes any body', async () => {
      const routes = operations.filter((operation) => operation.fields !== null);
      expect(routes.length).toBeGreaterThan(12);
      const all = routes.flatMap((operation) => badBodies(to, operation));
      expect(await unfitting(to.system.url, all)).toEqual([]);
    });

    it('RG-02: every management route takes any path parameter and any query', async () => {
      const all = operations.filter(isKept).flatMap((operation) => badPlaces(to, operation));
      expect(all.length).toBeGreaterThan(1_000);
      expect(await unfitting(to.system.url, all)).toEqual([]);
    });

    it('RG-02: all problems of a body are told at once, with JSON pointers, the unknown field among them', async () => {
      for (const { method, path, fields } of operations.filter(
        (each) => (each.fields?.length ?? 0) > 0 && !isVendors(each),
      )) {
        const names = fields ?? [];
        const body = Object.fromEntries([...names, 'nonsense'].map((name) => [name, { wrong: true }]));
        const answer = await to.api.call<{ code: string; errors?: { pointer: string }[] }>(
          method,
          to.place(path),
          body,
        );
        const pointers = (answer.body.errors ?? []).map((error) => error.pointer);
        const told = names.filter((name) => pointers.some((pointer) => pointer.startsWith(`/${name}`)));
        expect([method, path, answer.status, answer.body.code, pointers]).toEqual([
          method,
          path,
          422,
          'invalid_request',
          expect.arrayContaining(['/nonsense']),
        ]);
        expect([method, path, told.length >= Math.min(2, names.length - 1)]).toEqual([method, path, true]);
      }
    });

    it('odd methods, content types and headers', async () => {
      const vendors = [
        to.runs,
        `${to.runs}/x`,
        `${to.runs}/x/cancel`,
        '/api/webhooks/%ff/runs',
        '/api/webhooks/%00/runs/..',
      ];
      const ours = ['/v1/flows', `/v1/flows/${to.trigger.id}`, `/t/${to.trigger.id}`, '/v1/events', '/', '/readyz'];
      const paths = [...ours, ...vendors];
      const methods = ['OPTIONS', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY', 'M-SEARCH', 'LOCK'];
      const odd = paths.flatMap((path) =>
        methods.map((method) => ({ name: 'an odd method', method, path, headers: authorized(to) })),
      );
      const headers: Record<string, string>[] = [
        { 'content-type': 'text/plain' },
        { 'content-type': 'application/json; charset=utf-16' },
        { 'content-type': '' },
        { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        { 'content-type': 'application/json', 'if-match': '"\\"' },
        { 'content-type': 'application/json', 'x-sluice-app': 'x'.repeat(5_000) },
        { 'content-type': 'application/json', 'x-sluice-app': '__proto__' },
        { 'content-type': 'application/json', authorization: `Bearer ${'x'.repeat(8_000)}` },
        { 'content-type': 'application/json', authorization: 'Basic %%%' },
        { 'content-type': 'application/json', traceparent: '00-zz-zz-zz', tracestate: '=,=,=' },
        { 'content-type': 'application/json', 'content-length': '2', 'x-forwarded-for': '999.999.1.1, ::g' },
        { 'content-type': 'application/json', 'idempotency-key': 'x'.repeat(2_000) },
      ];
      const withHeaders = ['/v1/flows', '/v1/events', `/t/${to.trigger.id}`, to.runs].flatMap((path) =>
        headers.map((each) => ({
          name: JSON.stringify(each).slice(0, 80),
          method: 'POST',
          path,
          body: '{}',
          headers: { ...authorized(to), ...each },
        })),
      );
      const found = await findUnfit(to.system.url, [...odd.filter((each) => each.method !== 'HEAD'), ...withHeaders]);
      expect(found).toEqual([]);
    });

    describeTriggers(() => to);
    describeSockets(() => to);
    describeTargets(() => to.system);
    describeStrangeContent(() => ({ ...to, receiver }));

    it('afterwards nothing is parked, nothing was logged as an error, and a good sender is served as before', async () => {
      const { system, api, trigger } = to;
      const accepted = await api.fire(trigger, { n: 'afterwards' });
      expect(accepted.status).toBe(202);
      await waitFor(() => receiver.requests.some((each) => each.text.includes('"afterwards"')), 60_000, 'the delivery');
      expect((await api.must<{ items: unknown[] }>('GET', '/v1/dead-letters')).items).toEqual([]);
      expect((await fetch(`${system.url}/readyz`)).status).toBe(200);
      expect(system.log.split('\n').filter((line) => line.includes('"level":"error"'))).toEqual([]);
    });
  });
}

function describeTriggers(given: () => Known): void {
  const fire = (body: string | Buffer, headers: Record<string, string> = {}, method = 'POST') => {
    const { system, trigger } = given();
    return send(system.url, {
      method,
      path: `/t/${trigger.id}`,
      body,
      headers: { authorization: `Bearer ${trigger.token}`, 'content-type': 'application/json', ...headers },
    });
  };

  it.each<[string, number, string, () => Promise<Got>]>([
    ['a missing token', 401, 'unauthorized', () => fire('{}', { authorization: '' })],
    ['a wrong token', 401, 'unauthorized', () => fire('{}', { authorization: 'Bearer slu_trg_wrong' })],
    ['broken JSON', 422, 'malformed_json', () => fire('{"a":')],
    ['70-deep JSON', 422, 'too_deep', () => fire(`${'['.repeat(70)}${']'.repeat(70)}`)],
    ['invalid UTF-8', 422, 'invalid_utf8', () => fire(Buffer.from([0x22, 0xc3, 0x28, 0x22]))],
    [
      'a content type it does not know',
      415,
      'unsupported_content_type',
      () => fire('x', { 'content-type': 'image/png' }),
    ],
  ])('GW-03: %s is %i %s', async (_name, status, code, ask) => {
    const got = await ask();
    expect([got.status, (JSON.parse(got.text) as { code: string }).code]).toEqual([status, code]);
    expect(unfit(got)).toBeNull();
    expect(got.headers['www-authenticate'] !== undefined).toBe(status === 401);
  });

  it('GW-03: a wrong method is 405 with Allow, an unknown trigger 404', async () => {
    const wrong = await fire('{}', {}, 'PUT');
    expect([wrong.status, wrong.headers.allow]).toEqual([405, expect.stringContaining('POST')]);
    const { system, trigger } = given();
    const path = `/t/${trigger.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}`;
    expect((await send(system.url, { method: 'POST', path, body: '{}' })).status).toBe(404);
  });

  it('GW-07: too large a body is 413, told by its Content-Length or found out while it streams without end', async () => {
    const { system, trigger } = given();
    const head = `POST /t/${trigger.id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${trigger.token}\r\nContent-Type: application/json\r\n`;
    expect(await raw(system, `${head}Content-Length: 99999999999\r\n\r\n{"a": "`)).toMatch(/^HTTP\/1.1 413 /);
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
    expect(await raw(system, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`)).toMatch(
      /^HTTP\/1.1 413 /,
    );
  });
}

function describeSockets(given: () => Known): void {
  const post = (path: string, ...headers: string[]): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a TLS hello', Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3])],
    ['Content-Length and Transfer-Encoding', post('/v1/flows', 'Content-Length: 4', 'Transfer-Encoding: chunked')],
    ['two Content-Lengths', post('/v1/flows', 'Content-Length: 4', 'Content-Length: 5')],
    ['a negative Content-Length', post('/v1/flows', 'Content-Length: -1')],
    ['an unknown Transfer-Encoding', post('/v1/flows', 'Transfer-Encoding: gzip, chunked, x')],
    ['a bad chunk', `${post('/v1/flows', 'Transfer-Encoding: chunked')}zz\r\n`],
    ['a NUL in a header', post('/v1/flows', 'X-A: a\u0000b')],
    ['20 KiB of headers', post('/v1/flows', `X-A: ${'a'.repeat(20_000)}`)],
    ['3,000 headers', post('/v1/flows', ...Array.from({ length: 3_000 }, (_, index) => `X${index}: 1`))],
    ['no Host', 'GET /v1/flows HTTP/1.1\r\n\r\n'],
    ['HTTP/9.9', 'GET / HTTP/9.9\r\n\r\n'],
    ['a control character in the path', 'GET /v1/\u0001 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a space in the path', 'GET /v1/a b HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('GW-07: %s over a raw socket is a 4xx', async (_name, bytes) => {
    const answer = await raw(given().system, bytes);
    expect(answer.slice(0, 13)).toMatch(/^HTTP\/1.1 4\d\d/);
    expect(answer).not.toMatch(/\bat .*\.js:\d+/);
  });

  it('GW-07: a request whose headers or body never end is closed within 20 s, on every kind of route', async () => {
    const { system, trigger } = given();
    const auth = `Authorization: Bearer ${system.adminToken}`;
    const json = 'Content-Type: application/json';
    const slow = [
      'POST /v1/flows HTTP/1.1\r\nHost: x\r\nX-Slow: ',
      post('/v1/flows', auth, json, 'Content-Length: 1000'),
      post('/v1/events', auth, json, 'Content-Length: 1000'),
      post(`/t/${trigger.id}`, `Authorization: Bearer ${trigger.token}`, json, 'Content-Length: 1000'),
      `${post(`/t/${trigger.id}`, `Authorization: Bearer ${trigger.token}`, json, 'Transfer-Encoding: chunked')}1\r\n{\r\n`,
    ];
    const times = await Promise.all(slow.map((bytes) => dripUntilClosed(system, bytes)));
    expect(times.filter(({ seconds }) => seconds > 20)).toEqual([]);
    expect(times.filter(({ answer }) => answer !== '' && !/^HTTP\/1.1 4\d\d/.test(answer))).toEqual([]);
  });
}

/** What is valid JSON and yet breaks careless code: it is data, and has to arrive. */
const STRANGE: readonly (readonly [string, string])[] = [
  ['__proto__ keys', '{"n": 1, "__proto__": {"polluted": true}, "constructor": {"prototype": 1}}'],
  ['NUL', '{"n": "a\\u0000b", "k\\u0000": 1}'],
  ['half a surrogate pair', '{"n": "\\ud800 x"}'],
  ['template text', '{"n": "{{ 7 * 7 }} {% raw %}", "secrets": "{{ secrets.x }}"}'],
  ['a text of 200 KB', `{"n": "${'y'.repeat(200_000)}"}`],
];

function describeStrangeContent(given: () => Known & { receiver: RecordingReceiver }): void {
  it.each(STRANGE)('a trigger with %s runs to its end, and its delivery arrives', async (name, body) => {
    const { api, trigger, receiver, system } = given();
    const before = receiver.requests.length;
    const got = await send(system.url, {
      method: 'POST',
      path: `/t/${trigger.id}`,
      body,
      headers: { authorization: `Bearer ${trigger.token}`, 'content-type': 'application/json' },
    });
    expect([name, got.status]).toEqual([name, 202]);
    const { id } = JSON.parse(got.text) as { id: string };
    const run = await api.call<{ status: string }>('GET', `/v1/runs/${id}?wait=20s`);
    expect(run.body.status).toBe('succeeded');
    await waitFor(() => receiver.requests.length > before, 60_000, 'the delivery');
    const timeline = await waitFor(
      async () => {
        const answer = await api.call('GET', `/v1/timeline/${id}`);
        return answer.status === 200 && answer.text.includes('"attempt"') ? answer : null;
      },
      60_000,
      'the timeline',
    );
    expect(timeline.text).not.toContain('"polluted":true,"kind"');
  });

  it('a number beyond doubles is no JSON value: the run fails and says so', async () => {
    const { api, trigger } = given();
    const accepted = await api.fire(trigger, '{"n": 1e400}');
    const run = await api.call('GET', `/v1/runs/${String(accepted.body.id)}?wait=20s`);
    expect(run.body).toMatchObject({ status: 'failed', error: { code: 'template_error' } });
  });

  it('POST /v1/events: strange attributes are refused with a reason or recorded, never a dead letter', async () => {
    const { api, receiver } = given();
    await api.endpoint(`${receiver.url}/strange`, ['*']);
    for (const strange of ['a\u0000b', '\ud800', 'x'.repeat(3_000), '', '{{ x }}', '__proto__']) {
      for (const attribute of ['id', 'type', 'source', 'subject', 'time', 'extension']) {
        const event = {
          specversion: '1.0',
          id: `${attribute}-${strange.length}`,
          type: 'odd.one',
          source: '/odd',
          data: { n: strange },
          [attribute]: strange,
        };
        const answer = await api.call('POST', '/v1/events', event, { 'content-type': 'application/cloudevents+json' });
        expect([attribute, strange.slice(0, 10), answer.status < 500]).toEqual([attribute, strange.slice(0, 10), true]);
      }
    }
  });
}
