import type { RunError, RunStarted } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { EffectResult } from '../steps/step-type.ts';
import type { Decision, Effect, Moment } from './decision.ts';
import { failedAnswer } from './response.rules.ts';
import { finishedOf, RunEnd } from './run-end.rules.ts';
import { MAX_SLICES } from './run-limits.ts';
import { applyEvent, type RunEvent, type RunState } from './run-state.ts';
import { RunWalk } from './run-walk.rules.ts';
import { testedPart } from './tested-part.rules.ts';

const NONE: ReadonlySet<string> = new Set();

/** How the effect of a step ended. */
export interface Settled {
  effect: Effect;
  result: EffectResult;
}

/** The run cannot be decided any more from this state; a caller that asks has missed its end. */
function assertOpen(run: RunState): RunStarted {
  if (!run.started || run.finished) throw new Error(`run ${run.id} is ${run.finished ? 'finished' : 'not started'}`);
  return run.started;
}

/**
 * What a run does next: everything pure at once, up to effects, a wait or the end. Applies the events to `run`.
 * @param inFlight keys of steps whose effects this process is performing. What is recorded as running and not among
 * them is taken over: its process is gone.
 */
export function advance(flow: CompiledFlow, run: RunState, moment: Moment, inFlight = NONE): Decision {
  return afterEffects(flow, run, [], moment, inFlight);
}

/** Ends a run that cannot be run at all: no such flow, a body that cannot be read. */
export function failAtOnce(run: RunState, flowNumber: number, error: RunError, moment: Moment): Decision {
  const data = finishedOf(assertOpen(run), flowNumber, moment, 'failed', null, error);
  const event: RunEvent = { type: 'RunFinished', data };
  applyEvent(run, event);
  const answer = run.responded ? null : failedAnswer('failed', error);
  return { events: [event], next: { kind: 'finished' }, answer, bytes: 0, outputs: [] };
}

/**
 * Records how running effects ended, and goes on.
 * @param inFlight the keys of those that are still being performed.
 */
export function afterEffects(
  whole: CompiledFlow,
  run: RunState,
  settled: readonly Settled[],
  moment: Moment,
  inFlight = NONE,
): Decision {
  const started = assertOpen(run);
  const flow = testedPart(whole, started);
  const walk = new RunWalk(flow, run, started, moment, inFlight);
  for (const { effect, result } of settled) {
    const state = run.steps.get(effect.key);
    if (state?.status !== 'running') throw new Error(`step ${effect.key} of run ${run.id} is not running`);
    walk.settleEffect(effect, state, result);
  }
  const end = new RunEnd(walk, flow, started);
  const problem = problemOf(flow, run);
  const decision = end.decide(problem ? { kind: 'failed', error: problem } : walk.block(flow.steps));
  run.memory.slices = decision.next.kind === 'more' ? run.memory.slices + 1 : 0;
  return decision;
}

function problemOf(flow: CompiledFlow, run: RunState): RunError | null {
  if (flow.problem) return { code: 'flow_invalid', ...flow.problem };
  if (run.memory.slices < MAX_SLICES) return null;
  return { code: 'too_much_work', message: 'the run computes too long without waiting for anything', ref: null };
}

/**
 * What a person's wish to cancel leads to now. Running effects are let finish, so the run ends after them (the decision
 * is null); so it is with a run that has not begun.
 */
export function requestCancel(
  flow: CompiledFlow | null,
  run: RunState,
  moment: Moment,
): { events: RunEvent[]; decision: Decision | null } {
  const request: RunEvent = { type: 'RunCancelRequested', data: { at: moment.iso } };
  applyEvent(run, request);
  const isRunning = [...run.steps.values()].some((step) => step.status === 'running');
  if (!flow || !run.started || isRunning) return { events: [request], decision: null };
  const walk = new RunWalk(flow, run, run.started, moment);
  const decision = new RunEnd(walk, flow, run.started).cancelled();
  return { events: [request, ...decision.events], decision };
}
