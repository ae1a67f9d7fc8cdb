import { takeFromDotEnv } from './dot-env.ts';
import { endpointProblems } from './exporter-endpoint.ts';

/**
 * `node --import @sluice/observability/preload main.js` starts OpenTelemetry when one of the standard variables asks
 * for it, and does not even load the SDK otherwise (loading it costs about 300 ms of start). Spans are made by hand at
 * the seams of the path (libs/observability/src/tracing.ts): automatic HTTP instrumentation was measured at 26 % of
 * the accept rate even at 1 % sampling.
 */
takeFromDotEnv(process.env);
const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } =
  process.env;
/** An empty variable counts as unset (OpenTelemetry specification, environment variables). */
const isNamed = Boolean(OTEL_TRACES_EXPORTER || OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
const wanted = isNamed && OTEL_TRACES_EXPORTER !== 'none' && OTEL_SDK_DISABLED?.toLowerCase() !== 'true';

// The program refuses to start with them (loadSettings), and tells of them once.
if (wanted && endpointProblems(process.env).length === 0) {
  const { startTracing } = await import('./start-tracing.ts');
  startTracing();
}
