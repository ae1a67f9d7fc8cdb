export { endpointProblems } from './exporter-endpoint.ts';
export { flushTracing } from './flush-tracing.ts';
export { inTrace, isTracing, parseTraceparent, startWork, type TracedWork } from './tracing.ts';
