import { errorFactory } from '@sluice/contracts';

/** Codes of the runner's routes; docs/errors.md lists them. */
export const RUNNER_ERRORS = {
  run_not_found: { status: 404, title: 'There is no such run', retry: 'never' },
  flow_not_found: { status: 404, title: 'There is no such flow', retry: 'never' },
  approval_not_found: { status: 404, title: 'There is no such approval', retry: 'never' },
  file_not_found: { status: 404, title: 'There is no such file', retry: 'never' },
  not_an_approver: { status: 403, title: 'Others decide this', retry: 'never' },
  already_decided: { status: 409, title: 'It is decided already', retry: 'never' },
  batch_not_found: { status: 404, title: 'There is no such batch', retry: 'never' },
  schedule_not_found: { status: 404, title: 'There is no such schedule', retry: 'never' },
  too_many_runs: { status: 422, title: 'There are too many runs', retry: 'never' },
  run_finished: { status: 409, title: 'The run is over', retry: 'never' },
  run_not_finished: { status: 409, title: 'The run is not over', retry: 'later' },
  step_not_reached: { status: 422, title: 'The run has not reached the step', retry: 'never' },
  step_not_in_version: { status: 422, title: 'The version has no such step', retry: 'never' },
  unknown_flow_version: { status: 422, title: 'The flow has no such version', retry: 'never' },
  flow_paused: { status: 409, title: 'The flow is paused', retry: 'later' },
  too_many_waiting: { status: 503, title: 'Too many callers wait for runs', retry: 'later' },
} as const;

export type RunnerErrorCode = keyof typeof RUNNER_ERRORS;
export const runnerError = errorFactory(RUNNER_ERRORS);
