/**
 * `node --import @sluice/observability/preload main.js` starts OpenTelemetry when one of the standard variables asks
 * for it, and does not even load the SDK otherwise (loading it costs about 300 ms of start). Spans are made by hand at
 * the seams of the path (libs/observability/src/tracing.ts): automatic HTTP instrumentation was measured at 26 % of
 * the accept rate even at 1 % sampling.
 */
const wanted =
  process.env.OTEL_SDK_DISABLED !== 'true' &&
  (process.env.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined ||
    process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined ||
    (process.env.OTEL_TRACES_EXPORTER !== undefined && process.env.OTEL_TRACES_EXPORTER !== 'none'));

if (wanted) {
  const { startTracing } = await import('./start-tracing.ts');
  startTracing();
}
