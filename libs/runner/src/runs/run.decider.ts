import type { RunError, RunStarted } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { CompiledStep, EffectResult, StepScope } from '../steps/step-type.ts';
import type { Decision, Moment, Next } from './decision.ts';
import { failedAnswer } from './response.rules.ts';
import { applyEvent, type RunEvent, type RunState } from './run-state.ts';
import { finishedOf, RunWalk } from './run-walk.rules.ts';

/** The run cannot be decided any more from this state; a caller that asks has missed its end. */
function assertOpen(run: RunState): RunStarted {
  if (!run.started || run.finished) throw new Error(`run ${run.id} is ${run.finished ? 'finished' : 'not started'}`);
  return run.started;
}

/**
 * What a run does next: everything pure at once, up to an effect, a wait or the end. Applies the events to `run`.
 * Called on a run whose effect is recorded as running, it takes that effect over: its process is gone.
 */
export function advance(flow: CompiledFlow, run: RunState, moment: Moment): Decision {
  const walk = new RunWalk(flow, run, assertOpen(run), moment);
  const problem = flow.problem && { code: 'flow_invalid', ...flow.problem };
  const next = walk.finishOr(problem ? { kind: 'failed', error: problem } : walk.block(flow.steps));
  return { events: walk.events, next, bytes: walk.bytes };
}

/** Ends a run that cannot be run at all: no such flow, a body that cannot be read. */
export function failAtOnce(run: RunState, flowNumber: number, error: RunError, moment: Moment): Decision {
  const data = finishedOf(assertOpen(run), flowNumber, moment, 'failed', null, error);
  const event: RunEvent = { type: 'RunFinished', data };
  applyEvent(run, event);
  return { events: [event], next: { kind: 'finished', answer: failedAnswer('failed', error) }, bytes: 0 };
}

/** Records how the running effect of `step` ended, and goes on. */
export function afterEffect(
  flow: CompiledFlow,
  run: RunState,
  step: CompiledStep,
  result: EffectResult,
  moment: Moment,
): Decision {
  const walk = new RunWalk(flow, run, assertOpen(run), moment);
  const state = run.steps.get(step.ref);
  if (state?.status !== 'running') throw new Error(`step ${step.ref} of run ${run.id} is not running`);
  walk.settleEffect(step, state, result);
  const next = walk.finishOr(walk.block(flow.steps));
  return { events: walk.events, next, bytes: walk.bytes };
}

/**
 * What a person's wish to cancel leads to now. A running effect is let finish, so the run ends after it (`next` is null);
 * so it is with a run that has not begun.
 */
export function requestCancel(
  flow: CompiledFlow | null,
  run: RunState,
  moment: Moment,
): { events: RunEvent[]; next: Next | null } {
  const request: RunEvent = { type: 'RunCancelRequested', data: { at: moment.iso } };
  applyEvent(run, request);
  const isRunning = [...run.steps.values()].some((step) => step.status === 'running');
  if (!flow || !run.started || isRunning) return { events: [request], next: null };
  const walk = new RunWalk(flow, run, run.started, moment);
  const next = walk.finishOr({ kind: 'cancelled' });
  return { events: [request, ...walk.events], next };
}

/** The template context of a run that waits for an effect, as it was when the effect was decided. */
export function scopeOf(flow: CompiledFlow, run: RunState, moment: Moment): StepScope {
  const walk = new RunWalk(flow, run, assertOpen(run), moment);
  walk.collect(flow.steps);
  return walk.scope;
}
