import { StepError, type StepType } from '../step-type.ts';

const DEFAULT_CODE = 'failed_by_flow';
const CODE = /^[A-Za-z][\w.-]{0,63}$/;

/** `message` and `code`: ends the run as failed with the flow author's own words. */
export const failStep: StepType = {
  type: 'fail',
  computes: true,
  compile(step, compiler) {
    const message = compiler.value(step.message ?? 'the flow failed');
    const code = compiler.value(step.code ?? DEFAULT_CODE);
    return {
      begin(scope) {
        const value = message.evaluate(scope.context, scope);
        const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
        const own = code.evaluate(scope.context, scope);
        // The flow wants to fail; a code that is none does not stop it from that.
        throw new StepError(typeof own === 'string' && CODE.test(own) ? own : DEFAULT_CODE, text);
      },
    };
  },
};
