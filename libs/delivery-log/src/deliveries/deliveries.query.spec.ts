import type { AttemptFinished } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { errorOf } from './deliveries.query.ts';

function attempt(status: number | null, outcome: AttemptFinished['outcome'], error: AttemptFinished['error'] = null) {
  const response = status === null ? null : { status, headers: {}, body: '', truncated: false };
  return { response, outcome, error } as AttemptFinished;
}

describe('ET-09: failed attempts are listed with their error', () => {
  it('an answer that is no success is one', () => {
    expect(errorOf(attempt(500, 'retry'))).toEqual({
      stage: 'response',
      code: 'http_500',
      message: 'the endpoint answered 500',
    });
    expect(errorOf(attempt(302, 'failed'))).toMatchObject({ code: 'http_302' });
  });

  it('what kept the request from an answer stays as it was told', () => {
    const refused = { stage: 'connect', code: 'ECONNREFUSED', message: 'refused' } as const;
    expect(errorOf(attempt(null, 'retry', refused))).toBe(refused);
  });

  it('a success has none, nor has an answer of 2xx whose words are a failure: its verdict says so', () => {
    expect(errorOf(attempt(204, 'succeeded'))).toBeNull();
    expect(errorOf(attempt(200, 'failed'))).toBeNull();
  });
});
