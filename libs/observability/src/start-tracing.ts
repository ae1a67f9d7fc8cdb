import { diag, DiagLogLevel } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { markTracing } from './tracing.ts';

const FLUSH_MS = 2_000;
const TELL_EVERY_MS = 60_000;

/** A collector that is away loses spans and nothing else; it is told, but not with every batch. */
function tellProblems(): void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const tell = (message: string): void => {
    if (performance.now() - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = performance.now();
    process.stderr.write(`OpenTelemetry (told at most once a minute): ${message.split('\n')[0]?.slice(0, 500)}\n`);
  };
  const ignored = (): void => undefined; // below the level that is asked for
  diag.setLogger(
    { error: tell, warn: tell, info: ignored, debug: ignored, verbose: ignored },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

/** Starts the SDK from the standard OTEL_* variables. What it holds at the end is sent by `flushTracing`. */
export function startTracing(): void {
  if (process.env.OTEL_LOG_LEVEL === undefined) tellProblems();
  const sdk = new NodeSDK({
    serviceName: process.env.OTEL_SERVICE_NAME ?? 'sluice',
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  markTracing();
  (globalThis as Record<symbol, unknown>)[Symbol.for('sluice.tracing.flush')] = async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${FLUSH_MS / 1000} s`)), FLUSH_MS);
    });
    await Promise.race([sdk.shutdown(), late]).finally(() => clearTimeout(timer));
  };
}
