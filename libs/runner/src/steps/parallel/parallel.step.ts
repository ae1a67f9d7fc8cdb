import { STEP_LIMITS } from '@sluice/contracts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import type { CompiledStep, Lanes, StepInterpreter, StepOutcome, StepType } from '../step-type.ts';

/** The branches of a `parallel`. Refs are unique in a flow, so the branches need no path. */
class Branches implements Lanes, StepInterpreter {
  readonly count: number;
  readonly inside: readonly (readonly CompiledStep[])[];
  readonly limit: number;
  readonly onError: 'fail' | 'continue';
  /** Null: the branches have no names, and their outputs are a list. */
  private readonly names: readonly string[] | null;

  constructor(
    names: readonly string[] | null,
    branches: readonly (readonly CompiledStep[])[],
    limit: number,
    onError: 'fail' | 'continue',
  ) {
    this.names = names;
    this.inside = branches;
    this.count = branches.length;
    this.limit = limit;
    this.onError = onError;
  }

  begin(): StepOutcome {
    return { kind: 'lanes', lanes: this };
  }

  stepsOf(index: number): readonly CompiledStep[] {
    return this.inside[index] ?? [];
  }

  pathOf(): null {
    return null;
  }

  valuesOf(): [] {
    return [];
  }

  keep(last: unknown): unknown {
    return last;
  }

  output(outputs: readonly unknown[]): unknown {
    const { names } = this;
    return names === null ? outputs : Object.fromEntries(names.map((name, index) => [name, outputs[index]]));
  }
}

/** `branches`: lists of steps that run side by side, by name or in a list; the output has the last output of each. */
export const parallelStep: StepType = {
  type: 'parallel',
  computes: true,
  compile(step, compiler) {
    const { branches } = step;
    if (typeof branches !== 'object' || branches === null) throw new FlowCompileError(step.ref, 'it needs branches');
    const names = Array.isArray(branches) ? null : Object.keys(branches);
    const blocks = Object.values(branches).map((steps) => compiler.block(steps));
    const limit = typeof step.limit === 'number' ? Math.max(1, Math.trunc(step.limit)) : STEP_LIMITS.parallel;
    return new Branches(names, blocks, limit, step.onBranchError === 'continue' ? 'continue' : 'fail');
  },
};
