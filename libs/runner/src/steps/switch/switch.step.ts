import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import type { ValueTemplate } from '../../flows/value-template.ts';
import type { CompiledStep, StepInterpreter, StepScope, StepType } from '../step-type.ts';
import { isSame } from './same.rules.ts';

interface Case {
  equals: ValueTemplate;
  steps: readonly CompiledStep[];
}

type Chosen = { case: number | 'default' | null };

/** The output is `{case}`: the index of the first case that equals `on`, `"default"`, or null when there was none. */
class SwitchStep implements StepInterpreter {
  readonly inside: readonly (readonly CompiledStep[])[];
  private readonly on: ValueTemplate;
  private readonly cases: readonly Case[];
  private readonly otherwise: readonly CompiledStep[] | null;

  constructor(on: ValueTemplate, cases: readonly Case[], otherwise: readonly CompiledStep[] | null) {
    this.on = on;
    this.cases = cases;
    this.otherwise = otherwise;
    this.inside = [...cases.map((each) => each.steps), ...(otherwise ? [otherwise] : [])];
  }

  begin(scope: StepScope): { kind: 'completed'; output: Chosen } {
    const value = this.on.evaluate(scope.context, scope);
    const index = this.cases.findIndex((each) => isSame(each.equals.evaluate(scope.context, scope), value));
    return { kind: 'completed', output: { case: index >= 0 ? index : this.otherwise ? 'default' : null } };
  }

  blockOf(output: unknown): readonly CompiledStep[] {
    const chosen = (output as Chosen).case;
    if (chosen === null) return [];
    return chosen === 'default' ? (this.otherwise ?? []) : (this.cases[chosen]?.steps ?? []);
  }

  failedOutput(): Chosen {
    return { case: null };
  }
}

/** `on`, `cases: [{equals, steps}]`, `default`: runs the steps of the first case whose value `on` has. */
export const switchStep: StepType = {
  type: 'switch',
  computes: true,
  compile(step, compiler) {
    if (!Array.isArray(step.cases)) throw new FlowCompileError(step.ref, 'a switch needs cases');
    const cases = step.cases.map((each: { equals: unknown; steps: unknown }) => ({
      equals: compiler.value(each.equals),
      steps: compiler.block(each.steps),
    }));
    return new SwitchStep(
      compiler.value(step.on),
      cases,
      step.default === undefined ? null : compiler.block(step.default),
    );
  },
};
