import { parseDurationMs } from '@sluice/contracts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { StepError, type StepInterpreter, type StepOutcome, type StepScope, type StepType } from '../step-type.ts';

/** What the effect sends, besides the token that it lends. */
export interface ListenerRequest {
  url: string;
  listener: string;
  props: unknown;
  event: unknown;
  /** Null: as long as listeners may take here. */
  timeoutMs: number | null;
}

/** `listener`: calls an app in Lenra's way (LN-06). The output is `{status, body}`; any answer but 200 is a failure. */
export const listenerStep: StepType = {
  type: 'listener',
  compile(step, compiler): StepInterpreter {
    if (typeof step.url !== 'string') throw new FlowCompileError(step.ref, 'a listener step needs a url');
    const url = compiler.text(step.url);
    const name = compiler.text(typeof step.name === 'string' ? step.name : '{{ flow.name }}');
    const timeoutMs = typeof step.timeout === 'string' ? parseDurationMs(step.timeout) : null;
    const target = (scope: StepScope) => ({
      url: urlOf(url.evaluate(scope.context, scope)),
      listener: String(name.evaluate(scope.context, scope)),
    });
    return {
      // Props and event are not recorded again: they stand in the run's first event.
      begin: (scope): StepOutcome => ({ kind: 'effect', input: target(scope) }),
      request(scope): ListenerRequest {
        const { props, event } = scope.context.trigger as { props: unknown; event: unknown };
        return { ...target(scope), props, event, timeoutMs };
      },
    };
  },
};

function urlOf(value: unknown): string {
  if (typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)) return value;
  const shown = JSON.stringify(value ?? null).slice(0, 200);
  throw new StepError('invalid_request', `the URL must be absolute and begin with http:// or https://: ${shown}`);
}
