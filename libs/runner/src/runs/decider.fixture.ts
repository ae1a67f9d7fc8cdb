import type { FlowDefinition, FlowStep, RunnerEvents } from '@sluice/contracts';
import { type CompiledFlow, compileFlow } from '../flows/compiled-flow.ts';
import { startRun, type StartRequest } from '../starting/start.rules.ts';
import type { Decision, Effect, Moment, Next } from './decision.ts';
import { afterEffects } from './run.decider.ts';
import type { EffectResult } from '../steps/step-type.ts';
import type { Answer } from './response.rules.ts';
import { emptyRun, type RunEvent, type RunState } from './run-state.ts';

/** Builders for given/when/then on the decider. */
/** Made at second 0, as a run's id is. */
export const RUN_ID = '01a202b2-c500-7000-8000-000000000001';
export const FLOW_ID = '01930000-0000-7000-8000-0000000000f1';
const START_MS = Date.parse('2026-11-22T10:00:00.000Z');

/** So many seconds after the run began. */
export function at(seconds: number): Moment {
  const ms = START_MS + seconds * 1000;
  return { ms, iso: new Date(ms).toISOString() };
}

export function flowOf(steps: FlowStep[], more: Partial<FlowDefinition> = {}): CompiledFlow {
  return compileFlow({ id: FLOW_ID, number: 7, name: 'Test', version: 3 }, { steps, ...more });
}

export function request(input: unknown, more: Partial<StartRequest> = {}): StartRequest {
  return {
    runId: RUN_ID,
    flowId: FLOW_ID,
    mode: 'live',
    input: { value: input },
    inputPayload: null,
    trigger: null,
    triggerId: null,
    requestId: null,
    orderingKey: null,
    queuedAt: at(0).iso,
    ...more,
  };
}

export interface Begun extends Decision {
  run: RunState;
  flow: CompiledFlow;
}

/** Starts a run of the flow at second 0. */
export function begin(
  flow: CompiledFlow,
  input: unknown = {},
  more: Partial<StartRequest> = {},
  moment: Moment = at(0),
): Begun {
  const run = emptyRun(RUN_ID);
  return { ...startRun(request(input, more), flow, 42, moment, run), run, flow };
}

export const typesOf = (events: readonly RunEvent[]): string[] => events.map((event) => event.type);

/** The data of the only event of a type. */
export function dataOf<T extends RunEvent['type']>(events: readonly RunEvent[], type: T): RunnerEvents[T] {
  const [found, ...more] = events.filter((event) => event.type === type);
  if (!found || more.length > 0) throw new Error(`${found ? more.length + 1 : 0} events of type ${type}`);
  const data: unknown = found.data;
  return data as RunnerEvents[T];
}

export function effectsOf(next: Next): readonly Effect[] {
  if (next.kind !== 'effects') throw new Error(`next is ${next.kind}`);
  return next.effects;
}

/** The only effect that is to be performed. */
export function effectOf(next: Next): Effect {
  const [effect, ...more] = effectsOf(next);
  if (!effect || more.length > 0) throw new Error(`${effect ? more.length + 1 : 0} effects`);
  return effect;
}

/** The effect ended, while those of `inFlight` go on. */
export function afterEffect(
  flow: CompiledFlow,
  run: RunState,
  effect: Effect,
  result: EffectResult,
  moment: Moment,
  inFlight: readonly Effect[] = [],
): Decision {
  return afterEffects(flow, run, [{ effect, result }], moment, new Set(inFlight.map(({ key }) => key)));
}

/** What the caller of a run that is over gets. */
export function answerOf({ next, answer }: Decision): Answer {
  if (next.kind !== 'finished' || answer === null) throw new Error(`next is ${next.kind}`);
  return answer;
}
