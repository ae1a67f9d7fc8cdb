import { blocksOf } from './step-blocks.rules.ts';
import { at } from './flow-problems.ts';
import { isObject } from './step-field.rules.ts';
import { isTemplate } from './template.rules.ts';

/** A `run_flow` step that every run of a flow comes to that does not fail before. */
export interface CertainCall {
  /** The other flow, by its id, number or name. */
  flow: string;
  pointer: string;
  /** The run cannot succeed unless the other one does. */
  waits: boolean;
  /** Nothing that comes before the step can end the run, so that every run starts the other one. */
  always: boolean;
}

/** Steps by whose failure nobody ends a chain of runs on purpose. */
const SURE: ReadonlySet<unknown> = new Set(['webhook', 'set', 'emit', 'respond', 'delay']);

/**
 * The calls of other flows that stand under no condition: no `if`, no branch, no loop (its list may be empty), no `onError` that goes on. A
 * call by a template is not among them: what it names may differ from run to run.
 */
export function certainCalls(flow: { steps?: unknown }): CertainCall[] {
  const calls: CertainCall[] = [];
  walk(flow.steps, '/steps', { always: true }, calls);
  return calls;
}

/** @returns whether steps after the list are certain, too. */
function walk(steps: unknown, pointer: string, before: { always: boolean }, calls: CertainCall[]): boolean {
  if (!Array.isArray(steps)) return true;
  for (const [index, step] of steps.entries()) {
    if (!isObject(step)) continue;
    // A jump may pass over all that follows, and nothing comes after a step that fails.
    if (isObject(step.onError) || (step.type === 'fail' && isCertain(step))) return false;
    if (isCertain(step) && !visit(step, at(pointer, index), before, calls)) return false;
    before.always &&= SURE.has(step.type) || (step.type === 'run_flow' && step.wait === false);
  }
  return true;
}

/** @returns whether steps after it are certain, too. */
function visit(step: Record<string, unknown>, pointer: string, before: { always: boolean }, calls: CertainCall[]) {
  if (step.type === 'run_flow' && typeof step.flow === 'string' && !isTemplate(step.flow)) {
    calls.push({ flow: step.flow, pointer: at(pointer, 'flow'), waits: step.wait !== false, always: before.always });
  }
  if (step.type !== 'parallel' || step.onBranchError === 'continue') return true;
  // A jump inside a branch stays inside of it.
  for (const block of blocksOf(step, pointer)) walk(block.steps, block.pointer, { ...before }, calls);
  return true;
}

function isCertain(step: Record<string, unknown>): boolean {
  return (step.if === undefined || step.if === true) && (step.onError === undefined || step.onError === 'fail');
}
