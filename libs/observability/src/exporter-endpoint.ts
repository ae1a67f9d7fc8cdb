type Environment = Readonly<Record<string, string | undefined>>;

const NAMES = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const;

/** What gRPC takes besides: a bare `host:port`, and a socket of this machine. */
const GRPC_TARGET = /^(unix:\S+|[^\s:/]+:\d{1,5})$/;

/**
 * What is wrong with the collector's addresses, one line for each. The SDK would say nothing of another scheme, or warn
 * and send to localhost instead; a variable that is empty counts as unset (OpenTelemetry specification).
 */
export function endpointProblems(environment: Environment): string[] {
  const { OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL } = environment;
  const isGrpc = (OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || OTEL_EXPORTER_OTLP_PROTOCOL) === 'grpc';
  return NAMES.filter((name) => {
    const value = environment[name]?.trim();
    if (!value || (isGrpc && GRPC_TARGET.test(value))) return false;
    return !/^https?:\/\//i.test(value) || !URL.canParse(value);
  }).map((name) => `${name} must be an address such as http://collector:4318, not "${shown(environment[name])}"`);
}

/** Without what may be a password in it. */
const shown = (value = ''): string => value.slice(0, 200).replace(/\/\/[^@/]*@/, '//…@');
