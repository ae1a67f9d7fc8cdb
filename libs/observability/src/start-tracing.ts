import { NodeSDK } from '@opentelemetry/sdk-node';
import { markTracing } from './tracing.ts';

const FLUSH_MS = 2_000;

/** Starts the SDK from the standard OTEL_* variables; what is buffered is flushed when the process ends. */
export function startTracing(): void {
  const sdk = new NodeSDK({
    serviceName: process.env.OTEL_SERVICE_NAME ?? 'sluice',
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  markTracing();
  process.once('beforeExit', () => {
    void sdk.shutdown();
  });
  (globalThis as Record<symbol, unknown>)[Symbol.for('sluice.tracing.flush')] = () =>
    Promise.race([sdk.shutdown(), new Promise((resolve) => setTimeout(resolve, FLUSH_MS))]);
}
