import type { AppError } from '@sluice/contracts';
import { gatewayError } from '../gateway.errors.ts';
import { NO_FLOW, type ResponseMode, type Route } from '../routing/route.ts';

export type RunMode = 'live' | 'draft';

/** Whether the trigger takes this method (GW-01). */
export function methodProblem(route: Route, method: string): AppError | null {
  const { methods } = route.trigger;
  if (methods.includes(method)) return null;
  const allow = methods.join(', ');
  return gatewayError('method_not_allowed', `This trigger accepts ${allow}.`, { headers: { allow } });
}

/** Why an authenticated request starts no run now: each of these can change without the request changing. */
export function stateProblem(route: Route, mode: RunMode): AppError | null {
  const { trigger, flow } = route;
  if (!trigger.enabled) return gatewayError('trigger_disabled', 'Enable the trigger to run its flow.');
  if (trigger.forwardTo !== null) return null;
  if (flow === NO_FLOW) {
    return gatewayError('unknown_listener', `Nothing has the listener name ${JSON.stringify(trigger.listener)} now.`);
  }
  if (flow.status === 'paused') return gatewayError('flow_paused', 'Unpause the flow to run it by this trigger.');
  if (mode === 'live' && (flow.status !== 'active' || flow.publishedVersion === null)) {
    return gatewayError(
      'flow_not_published',
      'Publish the flow, or run its latest draft with ?mode=draft and a token that may edit.',
    );
  }
  return null;
}

/** Whether the caller waits for the run: as its flow says, otherwise as the profile does by itself. */
export function responseModeOf(route: Route, mode: RunMode, ofProfile: ResponseMode): ResponseMode {
  return (mode === 'draft' ? route.flow.draftMode : route.flow.liveMode) ?? ofProfile;
}
