import { DEFAULT_APP_ID } from '@sluice/access';
import { type CallbackReceived, derivedId, newId } from '@sluice/contracts';
import { type LinkClaim, LinkTokens } from '@sluice/sealed-values';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEYS, NEIGHBOURS, Neighbours, SILENT, testSettings } from '../gateway.fixture.ts';
import { gatewayService } from '../gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const tokens = new LinkTokens(KEYS);
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const meta = (id: string) => ({ correlationId: `c-${id}`, causationId: null });

/** A run that has begun, and what else happened to it. */
async function run(...more: { type: string; data: unknown }[]): Promise<string> {
  const id = newId();
  const events = [{ type: 'RunStarted', data: {} }, ...more];
  await neighbours.runs(
    id,
    events.map((event) => ({ ...event, appId: DEFAULT_APP_ID, meta: meta(id) })),
  );
  return id;
}
const waiting = (ref: string, untilMs = Date.now() + 60_000, more = {}) => ({
  type: 'RunWaiting',
  data: { ref, type: 'wait_for_callback', until: new Date(untilMs).toISOString(), ...more },
});

const linkOf = (runId: string, change: Partial<LinkClaim> = {}): string =>
  tokens.sign({ kind: 'callback', runId, step: 'back', expiresAt: inAnHour(), ...change });

interface Got {
  status: number;
  body: { code?: string; status?: string; id?: string };
  text: string;
  headers: Headers;
}

async function send(link: string, body?: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Got> {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${running.url}/resume/${link}`, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body: text }),
  });
  const got = await answer.text();
  const isJson = got !== '' && (answer.headers.get('content-type') ?? '').includes('json');
  return { status: answer.status, text: got, headers: answer.headers, body: isJson ? JSON.parse(got) : {} };
}

const stored = async (runId: string, step = 'back'): Promise<CallbackReceived> =>
  (await neighbours.event(derivedId('resume', runId, step))).data as CallbackReceived;

test('FL-02: what is posted to the link of a step is stored with the run it belongs to, and answered 202', async () => {
  const runId = await run(waiting('back'));
  const got = await send(linkOf(runId), { paid: [1, null, 'ü'] });
  expect([got.status, got.body]).toEqual([202, { id: runId, status: 'accepted' }]);
  const event = await neighbours.event(derivedId('resume', runId, 'back'));
  expect(event).toMatchObject({
    type: 'CallbackReceived',
    appId: DEFAULT_APP_ID,
    meta: { correlationId: `c-${runId}`, causationId: runId },
    data: { runId, step: 'back', kind: 'callback', answer: { paid: [1, null, 'ü'] }, remoteAddress: '127.0.0.1' },
  });
});

test('FL-02: a callback that comes before its step waits is taken', async () => {
  const runId = await run();
  expect((await send(linkOf(runId, { step: 'each[3].back' }), 7)).status).toBe(202);
  expect((await stored(runId, 'each[3].back')).answer).toBe(7);
});

test('FL-02: the same body again is the same answer, even when the run is over by then; another body is refused', async () => {
  const runId = await run(waiting('back'));
  const link = linkOf(runId);
  const both = await Promise.all([send(link, { n: 1 }), send(link, { n: 1 })]);
  expect(both.map(({ status }) => status)).toEqual([202, 202]);
  expect(both.map(({ body }) => body.status).sort()).toEqual(['accepted', 'previously_accepted']);
  expect(await send(link, { n: 2 })).toMatchObject({ status: 409, body: { code: 'already_answered' } });
  expect((await stored(runId)).answer).toEqual({ n: 1 });
});

test('FL-02: forms, XML and nothing at all are bodies too; what cannot be read is refused and may be sent again', async () => {
  const cases: [string | undefined, string, unknown][] = [
    ['a=1&b=2', 'application/x-www-form-urlencoded', { a: '1', b: '2' }],
    ['<r><a>1</a></r>', 'application/xml', expect.objectContaining({ r: expect.anything() })],
    [undefined, '', {}],
  ];
  for (const [body, type, answer] of cases) {
    const runId = await run();
    const got = await send(linkOf(runId), body, type === '' ? {} : { 'content-type': type });
    expect([type, got.status]).toEqual([type, 202]);
    expect((await stored(runId)).answer).toEqual(answer);
  }
  const runId = await run();
  expect(await send(linkOf(runId), '{"a":')).toMatchObject({ status: 422, body: { code: 'malformed_json' } });
  expect(await send(linkOf(runId), 'x', { 'content-type': 'image/png' })).toMatchObject({ status: 415 });
  expect(await send(linkOf(runId), '{}', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 });
  expect(await send(linkOf(runId), JSON.stringify('x'.repeat(262_143)))).toMatchObject({ status: 413 });
  expect((await send(linkOf(runId), JSON.stringify('x'.repeat(262_142)))).status).toBe(202);
});

test('FL-02: forged, unknown and expired links, ended runs and waits say so and reveal nothing', async () => {
  const runId = await run(waiting('back'));
  const other = new LinkTokens([{ id: 'other', key: Buffer.alloc(32, 9) }]);
  const forged = other.sign({ kind: 'callback', runId, step: 'back', expiresAt: inAnHour() });
  const unknown = linkOf(newId());
  const texts = new Set<string>();
  for (const link of [forged, unknown, 'nonsense', '%00', `${linkOf(runId)}x`]) {
    const got = await send(link, {});
    expect([link, got.status, got.body.code]).toEqual([link, 404, 'unknown_link']);
    texts.add(got.text.replace(/"instance":"[^"]*"/, ''));
  }
  expect(texts.size).toBe(1);
  expect(await send(linkOf(runId, { expiresAt: 1 }), {})).toMatchObject({
    status: 410,
    body: { code: 'link_expired' },
  });
  const late = await run(waiting('back', Date.now() - 1000));
  expect(await send(linkOf(late), {})).toMatchObject({ status: 410, body: { code: 'wait_over' } });
  const ended = await run(waiting('back'), { type: 'RunFinished', data: {} });
  expect(await send(linkOf(ended), {})).toMatchObject({ status: 410, body: { code: 'wait_over' } });
  const decided = await run(waiting('back'), { type: 'StepAnswered', data: { ref: 'back', answer: 1 } });
  expect(await send(linkOf(decided), {})).toMatchObject({ status: 409, body: { code: 'already_answered' } });
});

test('FL-02: the link of a callback takes POST alone', async () => {
  const link = linkOf(await run(waiting('back')));
  for (const method of ['GET', 'HEAD']) {
    const got = await send(link, undefined, {}, method);
    expect([method, got.status, got.headers.get('allow')]).toEqual([method, 405, 'POST']);
  }
  for (const method of ['PUT', 'DELETE', 'OPTIONS']) {
    const got = await send('whatever', undefined, {}, method);
    expect([method, got.status, got.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD, POST']);
  }
});

test('FL-02: the page of an approval shows what is asked, decides nothing, and is nobody else’s', async () => {
  const message = '<b>Buy</b> "it" & <script>alert(1)</script>';
  const runId = await run(waiting('ok', Date.now() + 60_000, { output: { message } }));
  const link = linkOf(runId, { kind: 'approval', step: 'ok' });
  const page = await send(link, undefined, { accept: 'text/html' }, 'GET');
  expect(page.status).toBe(200);
  expect(page.text).toContain('&lt;b&gt;Buy&lt;/b&gt; &quot;it&quot; &amp; &lt;script&gt;');
  expect(page.text).not.toContain('<script>');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect([page.headers.get('referrer-policy'), page.headers.get('cache-control')]).toEqual(['no-referrer', 'no-store']);
  expect((await send(link, undefined, {}, 'HEAD')).status).toBe(200);
  await expect(stored(runId, 'ok')).rejects.toThrow('stored no request');
});

test('FL-02: an approval is decided by the form of the page or by JSON, once', async () => {
  const browser = { accept: 'text/html,*/*', 'content-type': 'application/x-www-form-urlencoded' };
  const byForm = await run(waiting('ok'));
  const formLink = linkOf(byForm, { kind: 'approval', step: 'ok' });
  const thanks = await send(formLink, 'decision=reject&comment=+too+dear%21+', browser);
  expect([thanks.status, thanks.text]).toEqual([200, expect.stringContaining('you rejected')]);
  expect((await stored(byForm, 'ok')).answer).toEqual({
    approved: false,
    comment: 'too dear!',
    at: expect.stringMatching(/^\d{4}-.*Z$/),
    via: 'link',
  });
  const again = await send(formLink, 'decision=approve&comment=', browser);
  expect([again.status, again.text]).toEqual([409, expect.stringContaining('The link was used already')]);
  const byJson = await run(waiting('ok'));
  const jsonLink = linkOf(byJson, { kind: 'approval', step: 'ok' });
  for (const body of [
    {},
    { decision: 'yes' },
    { decision: 'approve', comment: 7 },
    [],
    { decision: 'approve', comment: 'x'.repeat(4001) },
    { decision: 'approve', comment: 'a\u0000b' },
  ]) {
    expect(await send(jsonLink, body)).toMatchObject({ status: 422, body: { code: 'invalid_decision' } });
  }
  expect(await send(jsonLink, { decision: 'approve' })).toMatchObject({ status: 202, body: { status: 'accepted' } });
  expect((await stored(byJson, 'ok')).answer).toMatchObject({ approved: true, comment: null });
});
