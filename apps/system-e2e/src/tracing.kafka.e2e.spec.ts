import { describeTracing } from './tracing.ts';

describeTracing('distributed', {
  gateway: 'sluice-gateway',
  runner: 'sluice-runner',
  dispatcher: 'sluice-dispatcher',
});
