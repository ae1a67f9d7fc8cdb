import { expect, test } from 'vitest';
import { stepCompiler } from '../../flows/compiled-flow.ts';
import { StepError } from '../step-type.ts';
import { failStep } from './fail.step.ts';

function failure(fields: Record<string, unknown>, context: Record<string, unknown> = {}): StepError {
  try {
    failStep
      .compile({ ref: 'f', type: 'fail', ...fields }, stepCompiler)
      .begin({ context, strict: false, now: new Date(0), checkTime: undefined });
  } catch (error) {
    return error as StepError;
  }
  throw new Error('it did not fail');
}

test.each([
  [{}, 'failed_by_flow', 'the flow failed'],
  [{ message: 'no {{ what }}', code: 'out_of_{{ what }}' }, 'out_of_stock', 'no stock'],
  [{ message: { a: '{{ what }}' }, code: 'two words' }, 'failed_by_flow', '{"a":"stock"}'],
  [{ code: '{{ missing }}' }, 'failed_by_flow', 'the flow failed'],
])('%j ends as %s: %s', (fields, code, message) => {
  expect(failure(fields, { what: 'stock' })).toMatchObject({ code, message });
});
