export { RUNNER_ERRORS, type RunnerErrorCode } from './runner.errors.ts';
export { runnerService } from './runner.service.ts';
