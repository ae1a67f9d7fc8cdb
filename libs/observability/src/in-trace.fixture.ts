import { trace } from '@opentelemetry/api';
import { inTrace, startWork } from './tracing.ts';

/** Prints the ids that a log line would carry: within a trace, outside of it, and within one that cannot be read. */
const work = startWork('x');
const idOfActive = (): string => trace.getActiveSpan()?.spanContext().traceId ?? 'none';
const seen: string[] = [];
inTrace(work.traceparent, () => {
  seen.push(idOfActive());
});
seen.push(idOfActive());
inTrace('nonsense', () => {
  seen.push(idOfActive());
});
process.stdout.write(JSON.stringify({ traceId: work.traceparent?.split('-')[1] ?? null, seen }));
