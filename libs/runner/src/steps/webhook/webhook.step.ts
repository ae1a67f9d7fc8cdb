import { StepError, type StepType } from '../step-type.ts';

/**
 * The first step of a flow that a request starts; its output is the request's input. `RunStarted` completes it, so it
 * is never begun: reached here, the flow holds it somewhere else, which the registry refuses at save.
 */
export const webhookStep: StepType = {
  type: 'webhook',
  compile: () => ({
    begin() {
      throw new StepError('flow_invalid', 'a webhook step can only be the first step of a flow');
    },
  }),
};
