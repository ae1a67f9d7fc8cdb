import { StepError, type StepType } from '../step-type.ts';

/** `message`: ends the run as failed with the flow author's own words. */
export const failStep: StepType = {
  type: 'fail',
  computes: true,
  compile(step, compiler) {
    const message = compiler.value(step.message ?? 'the flow failed');
    return {
      begin(scope) {
        const value = message.evaluate(scope.context, scope);
        throw new StepError('failed_by_flow', typeof value === 'string' ? value : JSON.stringify(value ?? null));
      },
    };
  },
};
