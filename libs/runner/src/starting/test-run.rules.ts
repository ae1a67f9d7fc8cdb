import type { FieldProblem } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { RunEvent } from '../runs/run-state.ts';

/** What a test of a draft is about. */
export interface TestWish {
  /** The one step to run; absent: all. */
  step?: string | undefined;
  /** What steps are taken to have put out, instead of being run. */
  outputs?: Readonly<Record<string, unknown>> | undefined;
}

/** How a test begins: the steps that are not run, and where it ends. */
export interface TestPlan {
  takenOver: RunEvent[];
  until: string | null;
}

/**
 * Steps whose outputs are given are not run. When it is about one step nothing before it is: what has no output there
 * has put out null. Only steps that stand in no other step can be named.
 * @param at RFC 3339.
 * @returns the plan, or what is wrong with the wish.
 */
export function testPlanOf(
  flow: Pick<CompiledFlow, 'steps'>,
  { step, outputs = {} }: TestWish,
  at: string,
): TestPlan | { problems: FieldProblem[] } {
  const refs = flow.steps.map(({ ref }) => ref);
  const unknown = 'the draft has no such step that can be tested: it must stand in no other step';
  const problems: FieldProblem[] = Object.keys(outputs)
    .filter((ref) => !refs.includes(ref))
    .map((ref) => ({ pointer: `/outputs/${ref.replaceAll('~', '~0').replaceAll('/', '~1')}`, message: unknown }));
  if (step !== undefined && !refs.includes(step)) problems.push({ pointer: '/step', message: unknown });
  if (step !== undefined && Object.hasOwn(outputs, step)) {
    problems.push({ pointer: `/outputs/${step}`, message: 'the step that is tested puts this out itself' });
  }
  if (problems.length > 0) return { problems };
  const before = step === undefined ? flow.steps : flow.steps.slice(0, refs.indexOf(step));
  const takenOver = before.flatMap(({ ref, type }): RunEvent[] => {
    if (step === undefined && !Object.hasOwn(outputs, ref)) return [];
    const output = Object.hasOwn(outputs, ref) ? outputs[ref] : null;
    const data = { ref, type, attempt: 1, input: null, output, startedAt: at, finishedAt: at, given: true as const };
    return [{ type: 'StepCompleted', data }];
  });
  return { takenOver, until: step ?? null };
}
