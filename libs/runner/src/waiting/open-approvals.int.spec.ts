import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import type { ApprovalResource } from './open-approvals.controller.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let admin: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  admin = await neighbours.admin();
  await neighbours.token('stranger-token', { appId: newId(), scopes: ['admin'] });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function ask(
  method: string,
  path: string,
  body?: unknown,
  token = admin,
): Promise<{ status: number; body: unknown }> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...type },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

interface Page {
  items: ApprovalResource[];
  nextCursor: string | null;
}
const open = async (query = '', token = admin) =>
  (await ask('GET', `/v1/approvals?${query}`, undefined, token)).body as Page;
const waitingOf = (flowId: string, count: number) =>
  waitFor(async () => {
    const { items } = await open(`flowId=${flowId}`);
    return items.length === count ? items : null;
  }, 30_000);

const ASK = { ref: 'ok', type: 'approval', message: 'Pay {{ web.sum }}?', timeout: 'PT1H' };
const WEB = { ref: 'web', type: 'webhook' };

test('FL-02: what waits for a decision is listed while it waits, with what is asked and of whom', async () => {
  const flow = await neighbours.flow({ steps: [WEB, { ...ASK, to: ['role:editor'] }] });
  const runId = await neighbours.accept(flow, { body: { sum: 7 } });
  const [approval] = await waitingOf(flow.id, 1);
  expect(approval).toMatchObject({
    runId,
    runNumber: expect.any(Number),
    key: 'ok',
    message: 'Pay 7?',
    to: ['role:editor'],
    mayDecide: true,
  });
  expect(Date.parse(approval?.until ?? '')).toBeGreaterThan(Date.parse(approval?.askedAt ?? '') + 3_500_000);
  expect((await open('', 'stranger-token')).items).toEqual([]);
  expect((await ask('POST', `/v1/runs/${runId}/approvals/ok`, { decision: 'approve' })).status).toBe(202);
  expect((await open(`flowId=${flow.id}`)).items).toEqual([]);
});

test('FL-02: loops ask once per item, page by page; a decision takes one away, the end of the run the others', async () => {
  const each = {
    ref: 'each',
    type: 'foreach',
    in: '{{ [1, 2, 3] }}',
    as: 'n',
    parallel: 3,
    steps: [{ ...ASK, message: '{{ n }}' }],
  };
  const flow = await neighbours.flow({ steps: [WEB, each] });
  const runId = await neighbours.accept(flow);
  const all = await waitingOf(flow.id, 3);
  const first = await open(`flowId=${flow.id}&limit=2`);
  const second = await open(`flowId=${flow.id}&limit=2&cursor=${first.nextCursor}`);
  expect([...first.items, ...second.items]).toEqual(all);
  expect(second.nextCursor).toBeNull();
  const [one] = all;
  const key = encodeURIComponent(one?.key ?? '');
  expect((await ask('POST', `/v1/runs/${runId}/approvals/${key}`, { decision: 'reject' })).status).toBe(202);
  const left = await waitingOf(flow.id, 2);
  expect(left.map((approval) => approval.key)).not.toContain(one?.key);
  await ask('POST', `/v1/runs/${runId}/cancel`);
  await waitingOf(flow.id, 0);
});

test('FL-02: an approval whose time is over, or that was decided by its link, is not listed any more', async () => {
  const flow = await neighbours.flow({ steps: [WEB, { ...ASK, timeout: 'PT0.3S' }] });
  const late = await neighbours.accept(flow);
  await waitFor(async () => ((await neighbours.run(late)).at(-1)?.type === 'RunFinished' ? true : null), 30_000);
  expect((await open(`flowId=${flow.id}`)).items).toEqual([]);
  const linked = await neighbours.flow({ steps: [WEB, ASK] });
  const runId = await neighbours.accept(linked);
  await waitingOf(linked.id, 1);
  await neighbours.callback(runId, 'ok', { approved: true, comment: null, at: new Date().toISOString() });
  await waitingOf(linked.id, 0);
});

test('bad queries are refused, and name what is wrong', async () => {
  for (const query of ['flowId=x', 'cursor=x', 'limit=0', 'limit=201', 'colour=red']) {
    expect([query, (await ask('GET', `/v1/approvals?${query}`)).status]).toEqual([query, 422]);
  }
});
