import { expect, test } from 'vitest';
import { emptyRun, type RunState } from './run-state.ts';
import { forgetMiddle } from './shown-steps.rules.ts';

function runOf(count: number, isOver: (index: number) => boolean): RunState {
  const run = emptyRun('01a202b2-c500-7000-8000-000000000001');
  for (let index = 0; index < count; index++) {
    const startedAt = '2026-11-22T10:00:00.000Z';
    run.steps.set(`each[${index}].c`, {
      ref: 'c',
      type: 'http',
      status: isOver(index) ? 'succeeded' : 'running',
      attempt: 1,
      failures: 0,
      startedAt,
      finishedAt: isOver(index) ? startedAt : null,
      input: null,
      output: null,
      error: null,
      dueMs: null,
    });
  }
  return run;
}

test('of very many steps the first thousand and the last thousand stay', () => {
  const run = runOf(10_000, () => true);
  forgetMiddle(run);
  const keys = [...run.steps.keys()];
  expect([keys.length, run.omitted]).toEqual([2_000, 8_000]);
  expect([keys[0], keys[999], keys[1_000], keys[1_999]]).toEqual([
    'each[0].c',
    'each[999].c',
    'each[9000].c',
    'each[9999].c',
  ]);
});

test('a step that is under way stays wherever it stands; few steps stay all', () => {
  const run = runOf(4_000, (index) => index !== 1_500);
  forgetMiddle(run);
  expect(run.steps.has('each[1500].c')).toBe(true);
  expect([run.steps.size, run.omitted]).toEqual([2_001, 1_999]);
  const few = runOf(2_400, () => true);
  forgetMiddle(few);
  expect([few.steps.size, few.omitted]).toEqual([2_400, 0]);
});
