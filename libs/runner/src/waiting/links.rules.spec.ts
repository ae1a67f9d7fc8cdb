import { expect, test } from 'vitest';
import { at, begin, flowOf, typesOf } from '../runs/decider.fixture.ts';
import { advance } from '../runs/run.decider.ts';
import { type LinkedStep, linkValuesOf, type SignLink } from './links.rules.ts';

const sign: SignLink = ({ kind, runId, step }) => `${kind}:${runId}:${step}`;
const LINKS: LinkedStep[] = [
  { ref: 'all', kind: 'approval', loops: 0 },
  { ref: 'each', kind: 'callback', loops: 1 },
];
const run = { id: 'r' };
const valuesAt = (path: string, links = LINKS) => linkValuesOf({ links, sign }, run, at(0))(path);

test('FL-02: a step in a loop has the link of its own item, one outside the same everywhere', () => {
  expect(valuesAt('')).toEqual([['callbacks', { all: 'approval:r:all' }]]);
  const inItem = [['callbacks', { all: 'approval:r:all', each: 'callback:r:loop[3].each' }]];
  expect(valuesAt('loop[3].')).toEqual(inItem);
  expect(valuesAt('loop[3].inner[0].')).toEqual(inItem);
});

test('FL-02: flows without such steps have no links, and a link is the same all day long', () => {
  expect(valuesAt('', [])).toEqual([]);
  expect(valuesAt('loop[3].', LINKS.slice(0, 1))).toEqual([]);
  const expiries: number[] = [];
  const note: SignLink = ({ expiresAt }) => String(expiries.push(expiresAt));
  for (const hours of [0, 13, 14]) linkValuesOf({ links: LINKS, sign: note }, run, at(hours * 3_600))('');
  expect(new Set(expiries.slice(0, 2)).size).toBe(1);
  expect((expiries[2] as number) - (expiries[0] as number)).toBe(86_400);
});

test('FL-02: the items of a loop wait side by side, and each goes on with its own answer', () => {
  const flow = flowOf([
    { ref: 'web1', type: 'webhook' },
    {
      ref: 'each',
      type: 'foreach',
      in: '{{ [1, 2, 3] }}',
      parallel: 3,
      steps: [{ ref: 'back', type: 'wait_for_callback' }],
    },
  ]);
  const started = begin(flow);
  expect(typesOf(started.events).filter((type) => type === 'RunWaiting')).toHaveLength(3);
  expect(flow.links).toEqual([{ ref: 'back', kind: 'callback', loops: 1 }]);
  for (const item of [2, 0, 1]) started.run.answers.set(`each[${item}].back`, { value: item * 10 });
  const ended = advance(flow, started.run, at(1));
  expect(ended.next.kind).toBe('finished');
  expect(started.run.finished).toMatchObject({ status: 'succeeded', result: [0, 10, 20] });
});
