import type { FlowStep, RunFinished, StepCompleted } from '@sluice/contracts';
import { Payloads } from '@sluice/payloads';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from '../../runner.fixture.ts';
import { runnerService } from '../../runner.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let elsewhere: RecordingReceiver;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  [receiver, elsewhere] = await Promise.all([recordingReceiver(), recordingReceiver()]);
  pool = new pg.Pool({ connectionString: database.url, max: 1 });
});
afterEach(() => {
  receiver.clear();
  elsewhere.clear();
});
afterAll(async () => {
  await running?.close();
  await Promise.all([receiver?.close(), elsewhere?.close(), pool?.end()]);
  await database?.drop();
});

const JSON_TYPE = { 'content-type': 'application/json' };

async function runOf(...steps: FlowStep[]): Promise<{ runId: string; end: RunFinished }> {
  const flow = await neighbours.flow({ steps: [{ ref: 'web1', type: 'webhook' }, ...steps] });
  const runId = await neighbours.accept(flow, { body: {} });
  const end = await waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  });
  return { runId, end };
}

const call = (fields: Record<string, unknown>): FlowStep => ({
  ref: 'res',
  type: 'http',
  url: `${receiver.url}/`,
  ...fields,
});

test('an answer is read by the charset that it names, without a byte order mark, as UTF-8 where there is no such one', async () => {
  const answers: [string, Buffer, unknown][] = [
    ['text/plain; charset=ISO-8859-1', Buffer.from([0xe9, 0x61]), 'éa'],
    ['text/plain; charset="shift_jis"', Buffer.from([0x93, 0xfa]), '日'],
    ['application/json; charset=utf-16le', Buffer.from('{"a":"é"}', 'utf16le'), { a: 'é' }],
    ['application/json', Buffer.from('\ufeff{"a":1}'), { a: 1 }],
    ['text/plain; charset=klingon', Buffer.from('é'), 'é'],
  ];
  for (const [type, body, read] of answers) {
    receiver.respond({ status: 200, headers: { 'content-type': type }, body });
    expect((await runOf(call({}))).end.result).toMatchObject({ body: read });
  }
});

describe('the statuses that a flow expects', () => {
  test('let the step go on; others fail it with an excerpt of the answer', async () => {
    receiver.respond({ status: 404, body: 'no such thing' });
    expect((await runOf(call({ expect: ['2xx', 404] }))).end.result).toMatchObject({ ok: false, status: 404 });
    expect((await runOf(call({ expect: ['2xx', 403] }))).end.error).toEqual({
      code: 'unexpected_status',
      message: 'the answer was 404, not 2xx or 403: no such thing',
      ref: 'res',
    });
  });

  test('make an unexpected one be tried again when it may pass', async () => {
    receiver.respond((_request, index) => (index === 0 ? { status: 503 } : { status: 200, body: 'yes' }));
    const { end } = await runOf(call({ expect: [200], retry: { maxAttempts: 2, backoff: 'PT0.01S' } }));
    expect(end.result).toMatchObject({ status: 200, body: 'yes' });
    receiver.clear();
    receiver.respond({ status: 400 });
    await runOf(call({ expect: [200], retry: { maxAttempts: 3, backoff: 'PT0.01S' } }));
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('the body of an answer', () => {
  test('is JSON or text when the flow says so, whatever its content type', async () => {
    receiver.respond({ status: 200, headers: { 'content-type': 'text/plain' }, body: '[1]' });
    expect((await runOf(call({ answer: 'json' }))).end.result).toMatchObject({ body: [1] });
    receiver.respond({ status: 200, headers: JSON_TYPE, body: '{"a":1}' });
    expect((await runOf(call({ answer: 'text' }))).end.result).toMatchObject({ body: '{"a":1}' });
    receiver.respond({ status: 200, body: '{"a":' });
    expect((await runOf(call({ answer: 'json' }))).end.error).toMatchObject({ code: 'answer_not_json' });
  });

  test('is kept as a file of up to 10 MB, which another step sends on', async () => {
    const large = 'x'.repeat(10_000_000);
    receiver.respond((request) =>
      request.method === 'GET'
        ? {
            status: 200,
            headers: { 'content-type': 'text/csv', 'content-disposition': 'attachment; filename="../r.csv"' },
            body: large,
          }
        : { status: 204 },
    );
    const { runId, end } = await runOf(
      call({ ref: 'report', answer: 'file', method: 'GET' }),
      call({ file: '{{ report.body }}', method: 'PUT' }),
    );
    expect(end).toMatchObject({ status: 'succeeded' });
    const sent = receiver.requests.at(-1);
    expect([sent?.method, sent?.headers['content-type'], sent?.body.length]).toEqual(['PUT', 'text/csv', large.length]);
    const [report] = (await neighbours.run(runId)).flatMap(({ type, data }) =>
      type === 'StepCompleted' ? [data as StepCompleted] : [],
    );
    const { body: file } = (report as StepCompleted).output as { body: { payloadId: string } };
    expect(file).toEqual({
      filename: 'r.csv',
      contentType: 'text/csv',
      size: large.length,
      payloadId: expect.any(String),
    });
    expect(report?.payloads).toEqual([file.payloadId]);
    // It is not an orphan: a sweep of everything that nothing refers to leaves it.
    await new Payloads(pool).sweepOrphans(0);
    expect((await new Payloads(pool).get(file.payloadId)).length).toBe(large.length);
  });

  test('is refused when it is larger', async () => {
    receiver.respond({ status: 200, body: 'x'.repeat((10 << 20) + 1) });
    expect((await runOf(call({ answer: 'file' }))).end.error).toMatchObject({ code: 'answer_too_large' });
  });

  test('of a file that is gone is an error of the step', async () => {
    const file = { payloadId: '0190e7a0-0000-7000-8000-000000000001' };
    expect((await runOf(call({ file }))).end.error).toMatchObject({ code: 'file_unknown' });
    expect(receiver.requests).toHaveLength(0);
  });
});

describe('redirects', () => {
  test('are not followed unless the flow says so', async () => {
    receiver.respond(({ path }) =>
      path === '/' ? { status: 302, headers: { location: '/two' } } : { status: 200, body: 'two' },
    );
    expect((await runOf(call({}))).end.result).toMatchObject({ status: 302, headers: { location: '/two' } });
    expect((await runOf(call({ redirects: 1 }))).end.result).toMatchObject({ status: 200, body: 'two' });
  });

  test('are followed as often as it says, and take no credentials elsewhere', async () => {
    elsewhere.respond(({ path }) => ({ status: 302, headers: { location: `${path}x` } }));
    receiver.respond({ status: 302, headers: { location: `${elsewhere.url}/y` } });
    const { end } = await runOf(
      call({ redirects: 3, auth: { type: 'bearer', token: 'the-token' }, headers: { 'x-k': 'v' } }),
    );
    expect(end.result).toMatchObject({ status: 302, headers: { location: '/yxxx' } });
    expect(receiver.requests[0]?.headers).toMatchObject({ authorization: 'Bearer the-token', 'x-k': 'v' });
    expect(elsewhere.requests).toHaveLength(3);
    for (const { headers } of elsewhere.requests) {
      expect([headers.authorization, headers['x-k'], headers['idempotency-key']]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  });
});

describe('pages', () => {
  const PAGES = [['a', 'b'], ['c'], ['d', 'e'], []];
  const paged = (paginate: Record<string, unknown>) => runOf(call({ query: { n: 2 }, paginate }));
  const itemsOf = (path: string, name: string): string[] =>
    PAGES[Number(new URL(path, 'http://x').searchParams.get(name) ?? 0)] ?? [];

  test('are collected by cursor, by link, by address and by number', async () => {
    receiver.respond(({ path }) => {
      const at = Number(new URL(path, 'http://x').searchParams.get('at') ?? 0);
      const isLast = at === 2;
      const next = `/?at=${at + 1}`;
      const body = JSON.stringify({
        items: itemsOf(path, 'at'),
        cursor: isLast ? null : at + 1,
        next: isLast ? '' : next,
      });
      return { status: 200, headers: { ...JSON_TYPE, ...(isLast ? {} : { link: `<${next}>; rel="next"` }) }, body };
    });
    const collect = '{{ page.body.items }}';
    const all = { body: ['a', 'b', 'c', 'd', 'e'], pages: 3, complete: true, status: 200, ok: true };
    expect((await paged({ by: 'link', collect })).end.result).toMatchObject(all);
    expect((await paged({ by: 'url', next: '{{ page.body.next }}', collect })).end.result).toMatchObject(all);
    const cursor = { by: 'cursor', next: '{{ page.body.cursor }}', param: 'at', collect };
    expect((await paged(cursor)).end.result).toMatchObject(all);
    expect(receiver.requests.slice(-3).map(({ path }) => path)).toEqual(['/?n=2', '/?n=2&at=1', '/?n=2&at=2']);
    const keys = receiver.requests.slice(-3).map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([keys[0], `${keys[0]}-2`, `${keys[0]}-3`]);
    expect((await paged({ by: 'page', param: 'at', start: 0, collect })).end.result).toMatchObject({
      ...all,
      pages: 4,
    });
    expect((await paged({ ...cursor, maxPages: 2 })).end.result).toMatchObject({
      body: ['a', 'b', 'c'],
      pages: 2,
      complete: false,
    });
  });

  test('that lead elsewhere, fail or grow too large end the step', async () => {
    const link = { link: `<${elsewhere.url}/>; rel=next` };
    receiver.respond({ status: 200, headers: { ...JSON_TYPE, ...link }, body: '[1]' });
    expect((await paged({ by: 'link' })).end.error).toMatchObject({ code: 'invalid_page' });
    expect(elsewhere.requests).toHaveLength(0);
    receiver.respond(({ path }) =>
      path.includes('page=2') ? { status: 500 } : { status: 200, headers: JSON_TYPE, body: '[1]' },
    );
    expect((await paged({ by: 'page' })).end.result).toMatchObject({ ok: false, status: 500 });
    receiver.respond({ status: 200, headers: JSON_TYPE, body: JSON.stringify(['x'.repeat(400_000)]) });
    expect((await paged({ by: 'page' })).end.error).toMatchObject({ code: 'answer_too_large' });
    receiver.respond({ status: 200, headers: JSON_TYPE, body: '[1]' });
    expect((await paged({ by: 'cursor', next: '{{ page.body.a.b() }}' })).end.error).toMatchObject({
      code: 'template_error',
    });
  });
});

test('a secret is nowhere in what is recorded, however the receiver repeats it', async () => {
  await neighbours.secret('hook_key', 'top-s3cret/+value');
  receiver.respond((request) => ({
    status: 200,
    headers: {
      'x-echo': request.headers.authorization ?? '',
      location: `/?k=${encodeURIComponent('top-s3cret/+value')}`,
    },
    body: `${request.headers.authorization} ${request.path} ${request.text} ${Buffer.from('top-s3cret/+value').toString('base64')}`,
  }));
  const auth = { type: 'basic', user: 'me', password: '{{ secrets.hook_key }}' };
  const secret = '{{ secrets.hook_key }}';
  const { runId, end } = await runOf(
    call({ auth, query: { q: secret }, form: { f: secret }, expect: [200] }),
    call({
      ref: 'failing',
      auth,
      url: `${receiver.url}/?x={{ secrets.hook_key }}`,
      expect: [404],
      onError: 'continue',
    }),
    call({ ref: 'unsendable', url: '{{ secrets.hook_key }}', onError: 'continue' }),
  );
  expect(end.status).toBe('succeeded');
  expect(receiver.requests[0]?.headers.authorization).toBe(
    `Basic ${Buffer.from('me:top-s3cret/+value').toString('base64')}`,
  );
  expect(receiver.requests[0]?.path).toContain(encodeURIComponent('top-s3cret/+value'));
  const recorded = (await neighbours.run(runId)).map(({ dataJson }) => dataJson).join();
  expect(recorded).toContain('***');
  for (const form of ['top-s3cret', Buffer.from('top-s3cret/+value').toString('base64').slice(0, -4), 'bWU6dG9w']) {
    expect(recorded).not.toContain(form);
  }
});
