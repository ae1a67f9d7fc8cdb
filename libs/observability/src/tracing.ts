import {
  type Attributes,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  type SpanContext,
  trace,
} from '@opentelemetry/api';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const SDK_STARTED = Symbol.for('sluice.tracing');

/** Called by the preload once an SDK runs in this process. */
export function markTracing(): void {
  (globalThis as Record<symbol, unknown>)[SDK_STARTED] = true;
}

/** Whether spans go anywhere. Without an exporter every function here returns at its first line. */
export function isTracing(): boolean {
  return (globalThis as Record<symbol, unknown>)[SDK_STARTED] === true;
}

/** W3C Trace Context, level 1: `00-<trace id>-<parent id>-<flags>`; null for anything else, all-zero ids included. */
export function parseTraceparent(text: string | undefined): SpanContext | null {
  const match = TRACEPARENT.exec(text ?? '');
  if (!match) return null;
  const parsed: SpanContext = {
    traceId: match[1] as string,
    spanId: match[2] as string,
    traceFlags: Number.parseInt(match[3] as string, 16) & 1,
    isRemote: true,
  };
  return isSpanContextValid(parsed) ? parsed : null;
}

/**
 * Runs `fn` as a part of the trace that `traceparent` names, so that what it logs carries its ids. For log lines only,
 * so it takes nothing asynchronous: a context that is open while something is queued for a batch would follow the
 * connection of the event store around and put its ids on other people's lines.
 */
export function inTrace<T>(traceparent: string | undefined, fn: () => T): T {
  const parent = isTracing() ? parseTraceparent(traceparent) : null;
  return parent ? context.with(trace.setSpanContext(context.active(), parent), fn) : fn();
}

function formatTraceparent(span: SpanContext): string {
  return `00-${span.traceId}-${span.spanId}-${(span.traceFlags & 1).toString(16).padStart(2, '0')}`;
}

export interface TracedWork {
  /** What goes into the `meta` of events and the headers of calls that this work leads to. */
  readonly traceparent: string | undefined;
  /** Ends the span; an error marks it as failed. */
  end(error?: unknown): void;
  /** Adds what became known while the work went on. */
  set(attributes: Attributes): void;
}

const nothing = (): void => undefined;
const KINDS = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const;

function working(span: Span): TracedWork {
  return {
    traceparent: formatTraceparent(span.spanContext()),
    set: (attributes) => span.setAttributes(attributes),
    end(error) {
      if (error !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      }
      span.end();
    },
  };
}

/**
 * Starts a span below the one that `parent` (a traceparent) names, however long ago and in whichever process that was.
 * Without an SDK the parent is passed on as it came, if it is well formed.
 */
export function startWork(
  name: string,
  options: {
    parent?: string | undefined;
    kind?: keyof typeof KINDS;
    attributes?: Attributes;
    startTimeMs?: number;
  } = {},
): TracedWork {
  if (!isTracing()) return { traceparent: options.parent, end: nothing, set: nothing };
  const remote = parseTraceparent(options.parent);
  const parent = remote ? trace.setSpanContext(context.active(), remote) : context.active();
  const span = trace.getTracer('sluice').startSpan(
    name,
    {
      kind: KINDS[options.kind ?? 'internal'],
      ...(options.attributes ? { attributes: options.attributes } : {}),
      ...(options.startTimeMs === undefined ? {} : { startTime: options.startTimeMs }),
    },
    parent,
  );
  return working(span);
}
