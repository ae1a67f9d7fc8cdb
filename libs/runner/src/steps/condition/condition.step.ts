import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import type { ValueTemplate } from '../../flows/value-template.ts';
import type { CompiledStep, StepInterpreter, StepScope, StepType } from '../step-type.ts';
import { isTruthy, saysTrue } from './truth.rules.ts';

interface Branch {
  when: ValueTemplate;
  /** The template is one expression, so its value has a type. */
  isExpression: boolean;
  steps: readonly CompiledStep[];
}

const ONE_EXPRESSION = /^\s*\{\{.*\}\}\s*$/s;

/** The output is `{branch}`: the index of the first branch that held, `"else"`, or null when there was none. */
class ConditionStep implements StepInterpreter {
  private readonly branches: readonly Branch[];
  private readonly otherwise: readonly CompiledStep[] | null;

  constructor(branches: readonly Branch[], otherwise: readonly CompiledStep[] | null) {
    this.branches = branches;
    this.otherwise = otherwise;
  }

  begin(scope: StepScope): { kind: 'completed'; output: unknown } {
    const index = this.branches.findIndex((branch) => holds(branch, scope));
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

function holds(branch: Branch, scope: StepScope): boolean {
  const value = branch.when.evaluate(scope.context, scope);
  return typeof value === 'string' && !branch.isExpression ? saysTrue(value) : isTruthy(value);
}

export const conditionStep: StepType = {
  type: 'condition',
  compile(step, compiler) {
    if (!Array.isArray(step.branches)) throw new FlowCompileError(step.ref, 'a condition needs branches');
    const branches = step.branches.map((branch: { when: unknown; steps: unknown }) => ({
      when: compiler.value(branch.when),
      isExpression: typeof branch.when !== 'string' || ONE_EXPRESSION.test(branch.when),
      steps: compiler.block(branch.steps),
    }));
    return new ConditionStep(branches, step.else === undefined ? null : compiler.block(step.else));
  },
};
