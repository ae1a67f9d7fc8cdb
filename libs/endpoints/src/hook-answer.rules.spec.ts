import { describe, expect, it } from 'vitest';
import { judgeHookAnswer } from './hook-answer.rules.ts';
import type { HookType } from './hook-types.ts';

const verdictOf = (type: HookType, answer: unknown, status = 200): string =>
  judgeHookAnswer(type, { status, body: typeof answer === 'string' ? answer : JSON.stringify(answer) }).verdict;

describe('LU-05: where the response stands', () => {
  it.each([
    [{ output: { response: 'COMPLETED' } }, 'success'],
    [{ response: 'COMPLETED' }, 'success'],
    [{ output: {}, response: 'COMPLETED' }, 'failed'],
    [{ output: null, response: 'COMPLETED' }, 'failed'],
    [{ output: { response: false }, response: true }, 'negative'],
    [{ result: true }, 'failed'],
    [[{ response: true }], 'failed'],
    ['\uFEFF{"response": true}', 'success'],
    ['true', 'failed'],
    ['<ok/>', 'failed'],
    ['', 'failed'],
  ])('PROVISION answered %j is %s', (answer, verdict) => {
    expect(verdictOf('PROVISION', answer)).toBe(verdict);
  });

  it('takes any JSON value along, whatever it decides', () => {
    const response = { approved: false, reason: 'no budget', more: [1, { a: null }] };
    expect(judgeHookAnswer('PRE_APPROVAL', { status: 200, body: JSON.stringify({ response }) })).toEqual({
      verdict: 'negative',
      response,
      message: 'no budget',
    });
  });
});

describe('LU-06: what needs no answer', () => {
  it.each<[HookType, number, string, string]>([
    ['PROVISION', 204, '', 'success'],
    ['DEPROVISION', 204, '', 'success'],
    ['PROVISION', 200, '', 'failed'],
    ['PROVISION', 202, 'accepted', 'failed'],
    ['REQUEST_VALIDATION', 204, '', 'failed'],
    ['PRE_APPROVAL', 204, '', 'failed'],
    ['SIEM', 200, '<any>', 'success'],
    ['SIEM', 299, '', 'success'],
    ['SIEM', 300, '', 'transport_failure'],
    ['PROVISION', 302, '{"response": true}', 'transport_failure'],
    ['PRE_APPROVAL', 500, '{"response": true}', 'transport_failure'],
  ])('%s answered %i %j is %s', (type, status, body, verdict) => {
    expect(verdictOf(type, body, status)).toBe(verdict);
  });

  it('does not judge an answer that was cut', () => {
    expect(judgeHookAnswer('PROVISION', { status: 200, body: '{"response":true}', truncated: true }).verdict).toBe(
      'failed',
    );
  });
});

describe('LU-09: what the response decides', () => {
  it.each<[HookType, unknown, string]>([
    ['PROVISION', 'completed', 'success'],
    ['PROVISION', ' Completed ', 'success'],
    ['PROVISION', 'PENDING', 'negative'],
    ['DEPROVISION', true, 'success'],
    ['DEPROVISION', false, 'negative'],
    ['DEPROVISION', { success: true }, 'success'],
    ['DEPROVISION', { Success: 'TRUE' }, 'success'],
    ['DEPROVISION', { success: false, message: 'no such account' }, 'negative'],
    ['DEPROVISION', { done: true }, 'failed'],
    ['PROVISION', null, 'failed'],
    ['PROVISION', 1, 'failed'],
    ['REQUEST_VALIDATION', { valid: true, message: '' }, 'success'],
    ['REQUEST_VALIDATION', { valid: false, message: 'too long' }, 'negative'],
    ['REQUEST_VALIDATION', false, 'negative'],
    ['REQUEST_VALIDATION', 'COMPLETED', 'failed'],
    ['REQUEST_VALIDATION', { approved: true }, 'failed'],
    ['PRE_APPROVAL', { approved: true, reason: null }, 'success'],
    ['PRE_APPROVAL', { APPROVED: false }, 'negative'],
    ['PRE_APPROVAL', true, 'success'],
    ['PRE_APPROVAL', { __proto__: { approved: true } }, 'failed'],
  ])('%s: response %j is %s', (type, response, verdict) => {
    expect(verdictOf(type, { response })).toBe(verdict);
  });
});
