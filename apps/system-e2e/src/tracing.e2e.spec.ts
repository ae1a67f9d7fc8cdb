import { describeTracing } from './tracing.ts';

describeTracing('standalone', { gateway: 'sluice', runner: 'sluice', dispatcher: 'sluice' });
