export { flushTracing } from './flush-tracing.ts';
export { isTracing, parseTraceparent, startWork, type TracedWork } from './tracing.ts';
