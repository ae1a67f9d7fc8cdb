import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SinkSpan {
  traceId: string;
  spanId: string;
  /** Empty for a root. */
  parentSpanId: string;
  name: string;
  /** `service.name` of the process that made it. */
  service: string;
  attributes: Record<string, unknown>;
  failed: boolean;
}

interface OtlpAttribute {
  key: string;
  value: Record<string, unknown>;
}

interface OtlpRequest {
  resourceSpans: {
    resource: { attributes: OtlpAttribute[] };
    scopeSpans: {
      spans: (Pick<SinkSpan, 'traceId' | 'spanId' | 'name'> & {
        parentSpanId?: string;
        attributes?: OtlpAttribute[];
        status?: { code?: number };
      })[];
    }[];
  }[];
}

const STATUS_ERROR = 2;

function valuesOf(attributes: readonly OtlpAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** The spans of one export (OTLP/HTTP 1.x in its JSON encoding, where ids are hexadecimal). */
function spansOf(text: string): SinkSpan[] {
  const request = JSON.parse(text) as OtlpRequest;
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    return scopeSpans
      .flatMap((scope) => scope.spans)
      .map(({ traceId, spanId, parentSpanId = '', name, attributes, status }) => ({
        traceId,
        spanId,
        parentSpanId,
        name,
        service,
        attributes: valuesOf(attributes),
        failed: status?.code === STATUS_ERROR,
      }));
  });
}

export interface TraceSink {
  /** The environment that makes a process send its spans here. */
  readonly environment: Record<string, string>;
  ofTrace(traceId: string): SinkSpan[];
  close(): Promise<void>;
}

/** Takes OTLP over HTTP, as a collector would, and keeps every span. */
export async function traceSink(): Promise<TraceSink> {
  const spans: SinkSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      spans.push(...spansOf(Buffer.concat(chunks).toString()));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
    ofTrace: (traceId) => spans.filter((span) => span.traceId === traceId),
    close() {
      server.closeAllConnections();
      return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}
