import type { RunStarted } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';

/** By flow, so that a run that goes on often does not cut its flow up each time. */
const cut = new WeakMap<CompiledFlow, Map<string, CompiledFlow>>();

/**
 * The part of the flow that a run executes: all of it, or of a test its steps up to the one it is about. A test ends
 * there, and its result is what that step put out: the response of the flow may speak of steps that never ran.
 */
export function testedPart(flow: CompiledFlow, { until }: Pick<RunStarted, 'until'>): CompiledFlow {
  if (until === undefined) return flow;
  const known = cut.get(flow) ?? new Map<string, CompiledFlow>();
  cut.set(flow, known);
  const last = flow.steps.findIndex(({ ref }) => ref === until);
  const part = known.get(until) ?? {
    ...flow,
    steps: last === -1 ? flow.steps : flow.steps.slice(0, last + 1),
    response: { status: null, body: null },
    onError: null,
  };
  known.set(until, part);
  return part;
}
