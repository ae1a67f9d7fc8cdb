import { Logger } from '@nestjs/common';
import { DEFAULT_APP_ID } from '@sluice/access';
import { type EndpointState, type FlowDefinition, newId } from '@sluice/contracts';
import { sampleHookPayload } from '@sluice/endpoints';
import type { Respond } from '@sluice/testing';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { SILENT } from '../runner.fixture.ts';
import { openWorld, walk, type Walked, type World } from './crash-walk.fixture.ts';

beforeAll(() => Logger.overrideLogger(SILENT));

const EXAMPLES = path.resolve(import.meta.dirname, '../../../../examples');
const AT = '2026-01-01T00:00:00.000Z';
const decided = (approved: boolean) => ({ approved, by: null, comment: 'seen', at: AT });
const JSON_TYPE = { 'content-type': 'application/json' };

type HookType = NonNullable<EndpointState['hookType']>;

/** Inline endpoints by their name in the flow: their type, and what they answer. */
const HOOKS: Record<string, { type: HookType; answer: string }> = {
  'Validate access': { type: 'REQUEST_VALIDATION', answer: '{"response": {"valid": true}}' },
  'Pre-approve access': { type: 'PRE_APPROVAL', answer: '{"response": {"approved": false, "reason": "sensitive"}}' },
  'Provision access': { type: 'PROVISION', answer: '{"response": "COMPLETED"}' },
  'Deprovision access': { type: 'DEPROVISION', answer: '{"response": {"success": true}}' },
};

/** Plays everybody whom the examples call. */
const respond: Respond = ({ path: route, method, text }) => {
  const hook = Object.values(HOOKS).find(({ type }) => route === `/${type}`);
  if (hook) return { status: 200, body: hook.answer };
  if (route.startsWith('/companies/'))
    return { status: 200, headers: JSON_TYPE, body: '{"name": "A", "employees": 900}' };
  if (route.startsWith('/charges')) return { status: 402, body: 'no funds' };
  if (route.startsWith('/messages')) return { status: text.includes('bad@') ? 400 : 200 };
  if (!route.startsWith('/orders'))
    return { status: method === 'POST' ? 201 : 200, headers: JSON_TYPE, body: '{"id": "r-1"}' };
  const isLast = route.includes('page=2');
  const link: Record<string, string> = isLast ? {} : { link: '</orders?page=2>; rel="next"' };
  return {
    status: 200,
    headers: { ...JSON_TYPE, ...link },
    body: isLast ? '{"items": [{"id": "b", "total": 20.5}]}' : '{"items": [{"id": "a", "total": 10}]}',
  };
};

/** What each example is given; without a file: a flow of what the examples do not do. */
const RUNS: Record<string, { file?: string; steps?: unknown[]; input?: unknown; answers?: Walked['answers'] }> = {
  greet: { file: 'greet.json', input: { company_id: 7000 } },
  'enrich and notify': { file: 'enrich-and-notify.json', input: { email: 'Ann@x.example', domain: 'x.example' } },
  'order with compensation': {
    file: 'order-with-compensation.json',
    input: { id: 5, sku: 'a', quantity: 1, card: 'c', cents: 950 },
  },
  'daily report': { file: 'daily-report.json', input: { days: 1 } },
  'fan-out': { file: 'fan-out.json', input: { text: 'hello', recipients: ['a@x', 'bad@x', 'c@x'] } },
  'conditional response': { file: 'conditional-response.json', input: { request: false } },
  'approval by link': {
    file: 'approval-by-link.json',
    input: { manager: 'ann@example.org', customer: 'Bo', cents: 950 },
    answers: [{ step: 'decided', answer: decided(true), kind: 'approval' }],
  },
  'access request': {
    file: 'access-request.json',
    input: { ...Object(sampleHookPayload('PROVISION')), access_length: 'PT0.02S' },
    answers: [{ step: 'decided', answer: decided(true), kind: 'approval' }],
  },
  'code, call_webhook, a callback and an approval': {
    input: { n: 20 },
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'js', type: 'code', source: 'console.log("n", input.n); return input.n * 2;' },
      { ref: 'asked', type: 'call_webhook', endpoint: 'Provision access', payload: { access_length: 'P{{ js }}D' } },
      {
        ref: 'link',
        type: 'http',
        url: 'https://api.example.org/mail',
        json: { to: '{{ callbacks.paid | length > 9 }}' },
      },
      { ref: 'paid', type: 'wait_for_callback', timeout: 'P1D' },
      { ref: 'ok', type: 'approval', message: 'Pay {{ paid.sum }}?', to: ['ann@example.org'] },
      { ref: 'told', type: 'emit', event: 'all.done', data: '{{ ok.approved }}' },
      { ref: 'out', type: 'set', values: ['{{ js }}', '{{ asked.ok }}', '{{ paid.sum }}', '{{ ok.by }}'] },
    ],
    answers: [
      { step: 'paid', answer: { sum: 7 } },
      { step: 'ok', answer: decided(false), kind: 'approval' },
    ],
  },
};

/** As the runner's copy of the registry has them. */
async function addHooks({ database, receiver }: World): Promise<void> {
  for (const [index, [name, { type }]] of Object.entries(HOOKS).entries()) {
    const endpoint: EndpointState = {
      id: index + 1,
      uuid: newId(),
      appId: DEFAULT_APP_ID,
      kind: 'inline',
      hookType: type,
      name,
      description: '',
      events: [],
      url: `${receiver.url}/${type}`,
      method: 'POST',
      contentType: 'application/json',
      includeEntity: true,
      enabled: true,
      headers: [],
      secret: null,
      basicUser: null,
      basicPass: null,
      format: 'etl',
      retrySchedule: ['PT0S'],
      rateLimit: null,
      concurrency: 10,
      createdAt: AT,
      updatedAt: AT,
    };
    await database.pool.query('insert into runner.inline_endpoints values ($1, $2, $3, $4, $5, 1, false)', [
      endpoint.uuid,
      endpoint.id,
      endpoint.appId,
      name,
      JSON.stringify(endpoint),
    ]);
  }
}

function definitionOf(name: string, url: string): FlowDefinition {
  const { file, steps } = RUNS[name] as (typeof RUNS)[string];
  const text = file === undefined ? JSON.stringify({ steps }) : readFileSync(path.join(EXAMPLES, file), 'utf8');
  // A retry in an example waits for a second or more; the walk has no time for it.
  const {
    steps: all,
    response,
    onError,
  } = JSON.parse(
    text.replaceAll('https://api.example.org', url).replaceAll(/"PT(?:0\.5|1)S"/g, '"PT0.01S"'),
  ) as FlowDefinition;
  return { steps: all, ...(response ? { response } : {}), ...(onError ? { onError } : {}) };
}

// Side by side, because most of the time a lease has to run out.
test.concurrent.each(Object.keys(RUNS))(
  'FL-05: an example ends as without a crash, wherever its process dies: %s',
  { timeout: 300_000 },
  async (name) => {
    const world = await openWorld(respond);
    try {
      await addHooks(world);
      const { input, answers } = RUNS[name] as (typeof RUNS)[string];
      const definition = definitionOf(name, world.receiver.url);
      const { expected, outcomes } = await walk(world, { definition, input, ...(answers ? { answers } : {}) });
      expect(expected).toMatchObject({ ends: 1, ...ENDS[name] });
      expect(outcomes).toEqual(outcomes.map(() => expected));
      expect(outcomes.length).toBeGreaterThanOrEqual(2);
    } finally {
      await world.close();
    }
  },
);

/** What each comes to without a crash, so that the walk compares what is meant. */
const ENDS: Record<string, object> = {
  greet: { status: 'succeeded', result: { text: 'Hello 7000' } },
  'order with compensation': { status: 'failed', error: { code: 'payment_refused' } },
  'daily report': { status: 'succeeded', result: { count: 2, total: 30.5, best: 'b' } },
  'fan-out': { status: 'succeeded', result: { sent: 2, failed: 1 } },
  'approval by link': { status: 'succeeded' },
  'access request': { status: 'succeeded', calls: ['DEPROVISION', 'PRE_APPROVAL', 'PROVISION', 'REQUEST_VALIDATION'] },
  'code, call_webhook, a callback and an approval': {
    status: 'succeeded',
    result: [40, true, 7, 'ann@example.org'],
    calls: ['PROVISION', 'mail'],
  },
};
