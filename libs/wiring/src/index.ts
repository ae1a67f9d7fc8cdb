export { checkListenAddress } from './listen-address.ts';
export { OperatorError, runProcess, startFailure } from './run-process.ts';
export { runService } from './run-service.ts';
export { SHARED_SCHEMAS } from './shared-schemas.ts';
export { type RunningServices, startServices, type StartOptions } from './start-services.ts';
export { commandOf, LOCAL_SETTINGS } from './usage.ts';
