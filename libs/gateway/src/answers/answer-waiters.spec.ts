import type { RunAnswered } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { AnswerWaiters } from './answer-waiters.ts';

const answer = (runId: string): RunAnswered => ({
  runId,
  replyTo: 'me',
  runStatus: 'succeeded',
  status: 200,
  contentType: 'application/json',
  body: '1',
  error: null,
});

describe('callers that wait for their run', () => {
  it('get their own answer, also when it comes twice', async () => {
    const waiters = new AnswerWaiters();
    const [one, two] = [waiters.register('1', 1000), waiters.register('2', 1000)];
    expect([waiters.answer(answer('2')), waiters.answer(answer('2')), waiters.answer(answer('3'))]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await two.outcome).toMatchObject({ kind: 'answered', answer: { runId: '2' } });
    one.cancel();
    expect(await one.outcome).toEqual({ kind: 'cancelled' });
    expect(waiters.size).toBe(0);
  });

  it('GW-04: are told when it takes too long, and free their place', async () => {
    const waiters = new AnswerWaiters();
    expect(await waiters.register('1', 5).outcome).toEqual({ kind: 'timeout' });
    expect(waiters.size).toBe(0);
    expect(waiters.answer(answer('1'))).toBe(false);
  });

  it('GW-13: are all told when the process stops, also those who come after', async () => {
    const waiters = new AnswerWaiters();
    const before = waiters.register('1', 1000);
    waiters.beforeApplicationShutdown();
    expect(await before.outcome).toEqual({ kind: 'shutdown' });
    expect(await waiters.register('2', 1000).outcome).toEqual({ kind: 'shutdown' });
    expect(waiters.size).toBe(0);
  });
});
