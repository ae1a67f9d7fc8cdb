import type { StepType } from '../step-type.ts';

/** `values`: any JSON whose strings may be templates; the output is the rendered values. */
export const setStep: StepType = {
  type: 'set',
  computes: true,
  compile(step, compiler) {
    const values = compiler.value(step.values ?? {});
    return { begin: (scope) => ({ kind: 'completed', output: values.evaluate(scope.context, scope) }) };
  },
};
