import { STEP_SCHEMAS } from '@sluice/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { flowProblems } from './flow.rules.ts';
import { flowJsonSchema } from './flow-json-schema.ts';

const validate = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  strictTuples: false,
  allowUnionTypes: true,
}).compile(flowJsonSchema());
const accepts = (flow: object): boolean => validate({ name: 'x', ...flow });
const step = (type: string, more: object): object => ({
  steps: [
    { ref: 'web1', type: 'webhook' },
    { ref: 's', type, ...more },
  ],
});

describe('FL-01: the published schema of flows', () => {
  it('is the file that editors are pointed to', async () => {
    const file = await readFile(new URL('../../../../docs/flow.schema.json', import.meta.url), 'utf8');
    // Write it again: node tools/flow-schema.mjs
    expect(JSON.parse(file)).toEqual(flowJsonSchema());
  });

  it('knows every type of step and every field', () => {
    const { $defs } = flowJsonSchema() as { $defs: { steps: Record<string, { properties: object }> } };
    expect(Object.keys($defs.steps)).toEqual(Object.keys(STEP_SCHEMAS));
    for (const [type, schema] of Object.entries(STEP_SCHEMAS)) {
      expect(Object.keys($defs.steps[type]?.properties ?? {})).toEqual(
        expect.arrayContaining(Object.keys(schema.fields)),
      );
    }
  });

  it.each<[string, object]>([
    ['set', { values: { a: '{{ web1 }}' }, if: '{{ web1.a }}', onError: 'continue' }],
    ['condition', { branches: [{ when: true, steps: [] }], else: [{ ref: 'x', type: 'fail' }] }],
    ['switch', { on: '{{ web1.a }}', cases: [{ equals: { a: 1 }, steps: [] }] }],
    [
      'foreach',
      { in: '{{ web1 }}', as: 'row', parallel: 5, steps: [{ ref: 'x', type: 'set', values: 1 }], collect: false },
    ],
    ['parallel', { branches: { a: [], b: [] }, timeout: 'PT5S' }],
    ['parallel', { branches: [[]], onBranchError: 'continue' }],
    [
      'http',
      {
        url: 'https://a.example',
        json: [1],
        timeout: 'PT10S',
        retry: { maxAttempts: 3, backoff: 'PT1S', on: [503, '4xx'] },
      },
    ],
    [
      'http',
      { url: '{{ web1.url }}', retry: { maxAttempts: 3, backoff: { type: 'fixed', initial: 'PT0.5S' }, jitter: 0.2 } },
    ],
    ['delay', { for: 'P1DT12H' }],
    ['delay', { until: '{{ web1.at }}' }],
    ['respond', { status: 202, headers: { 'x-a': 'b' }, body: { ok: true } }],
    ['emit', { event: 'a.b', subject: '{{ web1.id }}', data: { a: [1] } }],
    ['emit', { event: 'flow.executed' }],
    ['emit', { event: 'Flow.{{ web1.what }}' }],
    ['fail', { message: 'no', onError: { goto: 'end' } }],
  ])('accepts what is saved: %s %j', (type, more) => {
    const flow = step(type, more);
    accepts(flow);
    expect(validate.errors ?? []).toEqual([]);
  });

  it.each<[string, object]>([
    ['sets', {}],
    ['set', {}],
    ['set', { values: 1, vales: 2 }],
    ['emit', { event: ' ' }],
    ['emit', { event: 'x'.repeat(201) }],
    ['emit', { event: 'Flow.Executed' }],
    ['foreach', { in: 7, steps: [] }],
    ['foreach', { in: [], steps: [{ ref: 'x', type: 'nothing' }] }],
    ['foreach', { in: [], steps: [], parallel: 0 }],
    ['parallel', { branches: [] }],
    ['delay', {}],
    ['delay', { for: 'PT1S', until: '2026-01-01' }],
    ['delay', { for: 'tomorrow' }],
    ['http', { url: 'https://a.example', json: 1, body: 'x' }],
    ['respond', { status: 99 }],
    ['set', { values: 1, onError: { goto: 'x', times: 2 } }],
    ['set', { values: 1, retry: { backoff: 'PT1S' } }],
  ])('refuses what is refused at save: %s %j', (type, more) => {
    const flow = step(type, more);
    expect(accepts(flow)).toBe(false);
    expect(flowProblems(flow)).not.toEqual([]);
  });
});
