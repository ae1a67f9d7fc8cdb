import { describe, expect, it } from 'vitest';
import { endpointProblems } from './exporter-endpoint.ts';

describe('OP-01: the address of a collector', () => {
  it.each(['', ' ', 'http://127.0.0.1:4318', 'HTTPS://collector.example/otlp/', 'http://[::1]:4318', ' http://a '])(
    'is taken, or counts as unset: %j',
    (value) => {
      expect(endpointProblems({ OTEL_EXPORTER_OTLP_ENDPOINT: value })).toEqual([]);
    },
  );

  it.each(['not a url', 'collector:4318', 'ftp://collector', 'http://', 'http:/collector', '//collector', 'on'])(
    'is refused with its name: %j',
    (value) => {
      for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
        expect(endpointProblems({ [name]: value })).toEqual([
          `${name} must be an address such as http://collector:4318, not "${value}"`,
        ]);
    },
  );

  it('may lack its scheme, or be a socket, where the protocol is gRPC', () => {
    const problems = (value: string, protocol: string) =>
      endpointProblems({ OTEL_EXPORTER_OTLP_ENDPOINT: value, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    expect(problems('collector:4317', 'grpc')).toEqual([]);
    expect(problems('unix:///run/otel.sock', 'grpc')).toEqual([]);
    expect(problems('ftp://collector', 'grpc')).toHaveLength(1);
    expect(problems('collector:4317', 'http/protobuf')).toHaveLength(1);
  });

  it('is told without a password', () => {
    const [problem] = endpointProblems({ OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://me:s3cr3tword@collector' });
    expect(problem).toContain('"ftp://…@collector"');
  });
});
