import type { Condition } from '../../flows/condition.ts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import type { CompiledStep, StepInterpreter, StepScope, StepType } from '../step-type.ts';

interface Branch {
  when: Condition;
  steps: readonly CompiledStep[];
}

/** The output is `{branch}`: the index of the first branch that held, `"else"`, or null when there was none. */
class ConditionStep implements StepInterpreter {
  readonly inside: readonly (readonly CompiledStep[])[];
  private readonly branches: readonly Branch[];
  private readonly otherwise: readonly CompiledStep[] | null;

  constructor(branches: readonly Branch[], otherwise: readonly CompiledStep[] | null) {
    this.branches = branches;
    this.otherwise = otherwise;
    this.inside = [...branches.map((branch) => branch.steps), ...(otherwise ? [otherwise] : [])];
  }

  begin(scope: StepScope): { kind: 'completed'; output: unknown } {
    const index = this.branches.findIndex((branch) => branch.when.holds(scope));
    const branch = index >= 0 ? index : this.otherwise ? 'else' : null;
    return { kind: 'completed', output: { branch } };
  }

  blockOf(output: unknown): readonly CompiledStep[] {
    const { branch } = output as { branch: number | 'else' | null };
    if (branch === null) return [];
    return branch === 'else' ? (this.otherwise ?? []) : (this.branches[branch]?.steps ?? []);
  }

  failedOutput(): { branch: null } {
    return { branch: null };
  }
}

export const conditionStep: StepType = {
  type: 'condition',
  computes: true,
  compile(step, compiler) {
    if (!Array.isArray(step.branches)) throw new FlowCompileError(step.ref, 'a condition needs branches');
    const branches = step.branches.map((branch: { when: unknown; steps: unknown }) => ({
      when: compiler.condition(branch.when),
      steps: compiler.block(branch.steps),
    }));
    return new ConditionStep(branches, step.else === undefined ? null : compiler.block(step.else));
  },
};
