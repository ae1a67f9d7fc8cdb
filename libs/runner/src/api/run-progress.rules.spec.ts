import { expect, it } from 'vitest';
import { emptyRun } from '../runs/run-state.ts';
import { progressOf, statusMessage } from './run-progress.rules.ts';

const origin = { appId: 'app', meta: { correlationId: 'run', causationId: null } };
const at = '2026-01-01T00:00:00.000Z';
const STARTED = {
  type: 'RunStarted',
  version: 2,
  data: {
    number: 1,
    flowId: 'f',
    flowVersion: 1,
    triggerId: null,
    requestId: null,
    mode: 'live',
    input: 1,
    queuedAt: at,
    startedAt: at,
  },
};

it('GW-06: a run that waits to begin is queued, and a wish to cancel it is told with its start', () => {
  const run = emptyRun('run');
  const queued = { flowId: 'f', triggerId: 't', mode: 'live' as const, queuedAt: at, input: null };
  expect(statusMessage(run, origin, queued)).toMatchObject({ event: 'status', data: { status: 'queued' } });
  expect(progressOf(run, origin, { type: 'RunCancelRequested', version: 1, data: { at } })).toEqual([]);
  expect(progressOf(run, origin, STARTED)).toMatchObject([
    { event: 'status', id: 2, data: { status: 'running', userRequestedCancelAt: at } },
  ]);
});

it('GW-06: the last message of an event has its id; what an event does not change is not told', () => {
  const run = emptyRun('run');
  progressOf(run, origin, { ...STARTED, version: 1 });
  const failed = { ref: 'call', type: 'http', attempt: 1, input: {}, error: { code: 'x', message: 'y', ref: 'call' } };
  const retry = { ...failed, startedAt: at, finishedAt: at, nextAttemptAt: at };
  expect(progressOf(run, origin, { type: 'StepFailed', version: 2, data: retry })).toEqual([
    { event: 'status', data: expect.objectContaining({ status: 'waiting' }) },
    {
      event: 'step',
      id: 2,
      data: {
        ref: 'call',
        type: 'http',
        status: 'retrying',
        attempt: 1,
        startedAt: at,
        finishedAt: null,
        error: failed.error,
        nextAttemptAt: at,
      },
    },
  ]);
  expect(progressOf(run, origin, { type: 'OfANewerVersion', version: 3, data: {} })).toEqual([]);
  const end = { status: 'failed', result: null, error: failed.error, finishedAt: at };
  // What was to be tried again is not any more.
  expect(progressOf(run, origin, { type: 'RunFinished', version: 4, data: end })).toMatchObject([
    { event: 'step', data: { ref: 'call', status: 'cancelled', finishedAt: at, nextAttemptAt: null } },
    { event: 'end', id: 4, data: { status: 'failed', error: failed.error } },
  ]);
});
