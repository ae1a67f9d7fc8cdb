import type { TriggerAccepted } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { type RunFact, runOf } from './run-resource.rules.ts';

const at = (second: number): string => `2026-01-01T00:00:0${second}.000Z`;
const fact = (type: string, second: number, data: unknown = null): RunFact => ({ type, data, occurredAt: at(second) });
const request = { triggerId: 't', receivedAt: at(0) } as TriggerAccepted;
const accepted = fact('TriggerAccepted', 1, request);
const shown = (...facts: RunFact[]) => runOf('r', request, { n: 1 }, facts);
const finished = (second: number, change: object = {}): RunFact =>
  fact('RunFinished', second, {
    status: 'succeeded',
    result: { ok: 1 },
    error: null,
    finishedAt: at(second),
    ...change,
  });
const result = (change: object) => shown(accepted, finished(2, change)).result;

describe('LT-05, LT-06: the run as its caller reads it', () => {
  it('exists from the moment of acceptance', () => {
    expect(shown(accepted)).toEqual({
      run_id: 'r',
      status: 'queued',
      started_at: at(0),
      latest_event_at: at(0),
      finished_at: null,
      user_requested_cancel_at: null,
      workflow_input: { n: 1 },
      result: null,
    });
  });

  it('moves with its events and has a result at its end', () => {
    expect(shown(accepted, fact('RunStarted', 2))).toMatchObject({
      status: 'running',
      latest_event_at: at(2),
    });
    const cancelling = fact('RunCancelRequested', 3, { at: at(3) });
    expect(shown(accepted, fact('RunStarted', 2), cancelling).status).toBe('running');
    expect(shown(accepted, fact('RunWaiting', 3)).status).toBe('waiting');
    expect(shown(accepted, fact('RunResumed', 4)).status).toBe('running');
    expect(shown(accepted, finished(5))).toMatchObject({
      status: 'succeeded',
      started_at: at(0),
      latest_event_at: at(5),
      finished_at: at(5),
      result: { ok: 1 },
    });
  });

  it.each([
    [{ a: 1 }, { a: 1 }],
    [[1], { output: [1] }],
    ['text', { output: 'text' }],
    [null, { output: null }],
  ])('the output %j of a run that succeeded is the result %j', (output, shown) => {
    expect(result({ result: output })).toEqual(shown);
  });

  it('a run without success has an error as its result, whatever it put out', () => {
    const error = { code: 'x', message: 'no', ref: 'two' };
    expect(result({ status: 'failed', result: { a: 1 }, error })).toEqual({ error });
    expect(result({ status: 'cancelled', error: null })).toMatchObject({ error: { code: 'cancelled' } });
  });

  it('LT-08: says when somebody first asked to cancel it, whichever way', () => {
    const asked = fact('RunCancelAsked', 2, { triggerId: 't', at: at(2) });
    const requested = fact('RunCancelRequested', 3, { at: at(3) });
    expect(shown(accepted, requested).user_requested_cancel_at).toBe(at(3));
    expect(shown(accepted, asked, requested).user_requested_cancel_at).toBe(at(2));
    expect(shown(accepted, asked).status).toBe('queued');
  });
});
