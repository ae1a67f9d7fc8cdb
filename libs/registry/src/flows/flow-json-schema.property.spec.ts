import { Ajv2020 } from 'ajv/dist/2020.js';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CreateFlow } from './flow.requests.ts';
import { flowProblems } from './flow.rules.ts';
import { flowJsonSchema } from './flow-json-schema.ts';

type Path = readonly (string | number)[];
interface Mutation {
  what: string;
  flow: unknown;
}

const fits = new Ajv2020({ strict: true, strictRequired: false, strictTuples: false, allowUnionTypes: true }).compile(
  flowJsonSchema(),
);

const misfitsOf = (flow: unknown): unknown[] => (fits(flow) ? [] : (fits.errors ?? []));

/** What saving says, at the door and by the rules. */
function saysSave(flow: unknown): string[] {
  if (flow === null || typeof flow !== 'object' || Array.isArray(flow)) return ['must be an object'];
  const asked = plainToInstance(CreateFlow, flow);
  const atTheDoor = validateSync(asked, { whitelist: true, forbidNonWhitelisted: true });
  return [
    ...atTheDoor.flatMap(({ constraints }) => Object.values(constraints ?? {})),
    ...flowProblems(flow).map(({ message }) => message),
  ];
}

/** What no schema can say: how things in a flow hang together, how much of all it is, and what a text means. */
const BEYOND_SCHEMAS = [
  /^the template is not valid/,
  /^the code is not valid/,
  /^there is no step/,
  /^the step ".*" has not run yet/,
  /is used by another step already/,
  /is the ref of a step already/,
  /is no later step of the same list/,
  /^two things in it are called/,
  /^a step is called/,
  /^an async response/,
  /^secrets can only be used/,
  /^name each secret/,
  /^is not a cron expression/,
  /^the time zone must be a name/,
  /^the time never comes/,
  /^steps are nested at most/,
  /^a flow has at most 200 steps/,
  /NUL/,
];
/** No pattern counts how long at most. */
const TOO_LONG = /^must be an ISO 8601 duration such as "PT10S", at most/;

const EVERYTHING = {
  name: 'Everything',
  status: 'draft',
  listener: 'everything',
  externalKey: 'e-1',
  inputs: { a: { type: 'string', required: true } },
  concurrency: { limit: 2, whenFull: 'queue' },
  priority: 3,
  strict: false,
  schedules: [{ cron: '0 6 * * 1-5', timeZone: 'Europe/Berlin', input: { a: 'x' } }, { cron: '@daily' }],
  steps: [
    { ref: 'web1', type: 'webhook' },
    {
      ref: 'got',
      type: 'http',
      method: 'post',
      url: 'https://a.example/{{ web1.a }}',
      query: { a: 1 },
      headers: { 'x-a': '{{ web1.a }}', 'x-n': 1 },
      auth: { type: 'bearer', token: '{{ secrets.k }}' },
      json: { a: [1] },
      answer: 'json',
      expect: [200, '3xx'],
      redirects: 2,
      paginate: { by: 'cursor', next: '{{ page.body.next }}', param: 'after', collect: '{{ page.body }}', maxPages: 3 },
      if: '{{ web1.a }}',
      timeout: 'PT10S',
      retry: {
        maxAttempts: 3,
        backoff: { type: 'fixed', initial: 'PT1S', max: 'PT2S' },
        jitter: 0.1,
        on: [503, '5xx'],
      },
      onError: { goto: 'done' },
    },
    {
      ref: 'listed',
      type: 'http',
      url: 'http://b.example',
      headers: '{{ web1.h }}',
      auth: { type: 'header', name: 'x-key', value: 'v' },
      paginate: { by: 'page', param: 'p', start: 1 },
      retry: { maxAttempts: 2, backoff: 'PT1S' },
    },
    {
      ref: 'basic',
      type: 'http',
      url: '{{ web1.u }}',
      auth: { type: 'basic', user: 'u', password: 'p' },
      file: '{{ web1 }}',
    },
    { ref: 'all', type: 'parallel', branches: { a: [{ ref: 'f', type: 'fail', code: 'no.way' }], b: [] }, limit: 2 },
    { ref: 'cb', type: 'wait_for_callback', timeout: 'P1D', onTimeout: [{ ref: 'late', type: 'set', values: 1 }] },
    { ref: 'ok', type: 'approval', to: ['role:editor', 'a@b.example'], message: 'Well?', timeout: 'PT1H' },
    { ref: 'js', type: 'code', source: 'return input;', input: { a: 1 } },
    { ref: 'sub', type: 'run_flow', flow: 'Other', input: {}, wait: true, timeout: 'PT1H' },
    { ref: 'call', type: 'call_webhook', endpoint: 'e', payload: {} },
    { ref: 'app', type: 'listener', url: 'https://c.example', name: 'l' },
    { ref: 'slept', type: 'delay', for: 'PT1S' },
    { ref: 'until', type: 'delay', until: '2030-01-01T00:00:00Z' },
    { ref: 'sw', type: 'switch', on: '{{ web1.a }}', cases: [{ equals: 1, steps: [] }], default: [] },
    {
      ref: 'each',
      type: 'foreach',
      in: [1, 2],
      as: 'row',
      index: 'at',
      parallel: 2,
      maxItems: 10,
      onItemError: 'continue',
      steps: [{ ref: 'e', type: 'emit', event: 'a.b', id: '1', subject: 's', data: '{{ row }}' }],
      collect: false,
    },
    { ref: 'done', type: 'respond', status: 202, headers: { 'x-b': true }, body: { a: 1 } },
  ],
  response: { mode: 'sync', status: '{{ 200 }}', body: '{{ done }}' },
  onError: { steps: [{ ref: 'sorry', type: 'set', values: '{{ error }}' }], response: { status: 500, body: 'no' } },
};

const DONE = EVERYTHING.steps.at(-1);
/** Small ones, so that some ten thousand changes take a second or two. */
const FLOWS: [string, unknown, Path][] = [
  ['the flow', { ...EVERYTHING, steps: [EVERYTHING.steps[0], DONE] }, []],
  ...EVERYTHING.steps
    .slice(1)
    .map((step): [string, unknown, Path] => [
      `a step ${step.type} (${step.ref})`,
      { name: 'One', steps: step === DONE ? [EVERYTHING.steps[0], step] : [EVERYTHING.steps[0], step, DONE] },
      ['steps', 1],
    ]),
];

const folder = new URL('../../../../examples/', import.meta.url);
const EXAMPLES = readdirSync(folder).filter((name) => name.endsWith('.json'));

/** Values that are at a bound of something, or of another kind. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  10,
  11,
  20,
  21,
  50,
  51,
  100,
  101,
  200,
  599,
  600,
  '',
  ' ',
  'a',
  ' a ',
  'a b',
  'role:nobody',
  'role: editor ',
  'range',
  '__proto__',
  '200',
  ' 404 ',
  '2XX',
  '6xx',
  'GET',
  'get',
  'PT0S',
  'PT1S',
  'P',
  'PT',
  'P1W',
  'P1Y',
  '2030-13-01',
  '2030-02-03 04:05Z',
  '2030-02-03T04:05',
  'https://',
  'HTTPS://a.example',
  'ftp://a.example',
  'a-b.c',
  '{{ web1.a }}',
  '* * * * *',
  '* * * * * *',
  '@Hourly',
  'Flow.Executed',
  ' Flow.Executed ',
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(200),
  'x'.repeat(201),
  ` ${'x'.repeat(200)} `,
  [],
  [1],
  [[]],
  [[200]],
  ['bearer'],
  [null],
  [{}],
  {},
  { a: 1 },
  { a: {} },
  { a: null },
  { Host: 'x' },
  { 'sluice-HOPS': '1' },
  { 'a b': 'x' },
  { by: 'link', next: '{{ page.body }}' },
  { by: 'url' },
  { type: 'basic', user: '', password: 'p' },
  { goto: 'nowhere' },
  { role: ['role:boss'] },
  [{ ref: 'w2', type: 'webhook' }],
  { range: [], in: [] },
];

function* placesIn(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (value === null || typeof value !== 'object') return;
  const isList = Array.isArray(value);
  for (const [key, child] of Object.entries(value)) yield* placesIn(child, [...path, isList ? Number(key) : key]);
}

/** The document with something else at a place; `undefined` takes what is there out. */
function withAt(value: unknown, [first, ...rest]: Path, instead: unknown): unknown {
  if (first === undefined) return instead;
  const inner = withAt((value as Record<string | number, unknown>)[first], rest, instead);
  if (Array.isArray(value))
    return value.flatMap((each: unknown, at) => (at !== first ? [each] : inner === undefined ? [] : [inner]));
  const { [first]: _old, ...others } = value as Record<string, unknown>;
  return inner === undefined ? others : { ...others, [first]: inner };
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value);
}

function* mutationsOf(flow: unknown, from: Path): Generator<Mutation> {
  for (const path of placesIn(valueAt(flow, from), from)) {
    const place = `/${path.join('/')}`;
    yield { what: `${place} without`, flow: withAt(flow, path, undefined) };
    for (const odd of ODD) yield { what: `${place} = ${JSON.stringify(odd)}`, flow: withAt(flow, path, odd) };
    const here = valueAt(flow, path);
    if (here !== null && typeof here === 'object' && !Array.isArray(here)) {
      yield { what: `${place} and more`, flow: withAt(flow, path, { ...here, unheard_of: 1 }) };
    }
    if (Array.isArray(here) && here.length > 0) {
      yield { what: `${place} twice`, flow: withAt(flow, path, [...here, ...(here as unknown[])]) };
    }
  }
}

function differenceOf({ what, flow }: Mutation): string[] {
  const said = saysSave(flow);
  const isFit = fits(flow);
  if (said.length === 0 && !isFit)
    return [`${what}: saved, yet the schema says ${JSON.stringify(fits.errors?.at(-1))}`];
  const beyond = what.endsWith('= "P1W"') ? [...BEYOND_SCHEMAS, TOO_LONG] : BEYOND_SCHEMAS;
  const expressible = said.filter((message) => !beyond.some((each) => each.test(message)));
  return isFit && expressible.length > 0 ? [`${what}: fits, yet save says ${expressible.join('; ')}`] : [];
}

describe('FL-01: the published schema and saving are of one mind', () => {
  it.each(EXAMPLES)('about %s', (name) => {
    const flow: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    expect(saysSave(flow)).toEqual([]);
    expect(misfitsOf(flow)).toEqual([]);
  });

  it.each(FLOWS)(
    'about %s and every change of one place in it',
    (_name, flow, from) => {
      expect(saysSave(flow)).toEqual([]);
      expect(misfitsOf(flow)).toEqual([]);
      expect([...mutationsOf(flow, from)].flatMap(differenceOf)).toEqual([]);
    },
    120_000,
  );
});
