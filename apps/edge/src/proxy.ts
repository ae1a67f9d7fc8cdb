import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import replyFrom from '@fastify/reply-from';
import { type AppError, routeOf, type ServiceName } from '@sluice/contracts';
import { metrics, platformError, sendProblem } from '@sluice/platform';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { edgeError } from './edge.errors.ts';
import { forwardedHeaders, trustedPeers } from './forwarded-headers.ts';
import { UpstreamState } from './upstream-state.ts';
import type { Upstreams } from './upstreams.config.ts';

/** Above the longest long poll and the longest synchronous answer; event streams have no limit once they flow. */
const ANSWER_TIMEOUT_MS = 150_000;
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;
const MAX_HEADER_BYTES = 16_384;

export interface EdgeOptions {
  upstreams: Upstreams;
  /** CIDRs whose X-Forwarded-* are believed. */
  trustedProxies: readonly string[];
}

export interface Edge {
  app: FastifyInstance;
  /** Answers 503 on /readyz, then closes: idle connections at once, busy ones after `patienceMs`. */
  drain(patienceMs: number): Promise<void>;
}

/** What the caller is told when a service could not answer. */
export function failureOf(service: ServiceName, error: unknown): AppError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const extra = { cause, headers: { 'retry-after': '1' } };
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return edgeError('gateway_timeout', `${service} did not answer in time`, extra);
  if (
    /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|UND_ERR_DESTROYED|UND_ERR_CLOSED)$/.test(
      code,
    )
  ) {
    return edgeError('upstream_unavailable', `${service} cannot be reached now; try again`, extra);
  }
  // The request may have arrived before the connection broke: whoever repeats it needs an idempotency key.
  return edgeError('bad_gateway', `${service} ended the connection before it answered`, extra);
}

function createServer(): FastifyInstance {
  const app = fastify({
    logger: false,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(platformError('not_found', `there is no ${request.method} ${pathOf(request)}`), request, reply),
  );
  // Bodies are streamed through as they come; limits and parsing are the services' business.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    '*',
    (_request: FastifyRequest, payload: IncomingMessage, done: (error: null, body: IncomingMessage) => void) =>
      done(null, payload),
  );
  return app;
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '/';

/** The reverse proxy of the distributed wiring, not listening yet. */
export async function createEdge(options: EdgeOptions): Promise<Edge> {
  const app = createServer();
  const state = new UpstreamState(options.upstreams);
  const isTrusted = trustedPeers(options.trustedProxies);
  const answered = metrics.counter('sluice_edge_requests_total', 'Requests passed on, by service and status', [
    'service',
    'status',
  ]);
  let draining = false;

  await app.register(replyFrom, {
    undici: {
      connections: 512,
      pipelining: 1,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: 0,
      connect: { timeout: 2_000 },
    },
    disableRequestLogging: true,
    disableCache: true, // keyed by the whole path: with ids in it, it would hardly ever hit
    destroyAgent: true,
  });

  metrics.collectProcessMetrics();
  app.get('/livez', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  app.get('/readyz', async (request: FastifyRequest<{ Querystring: { strict?: string } }>, reply) => {
    const report = await state.report(request.query.strict === 'true');
    if (draining) report.checks.shutdown = { ok: false, detail: 'shutting down' };
    const ready = report.ready && !draining;
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ok' : 'unavailable', checks: report.checks });
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics.exposition();
    return reply.header('content-type', contentType).send(text);
  });
  app.get('/openapi.json', () => state.openApi());

  const forward = (request: FastifyRequest, headers: object): IncomingHttpHeaders => {
    const address = request.socket.remoteAddress ?? '';
    const client = {
      address,
      isTrusted: isTrusted(address),
      host: request.headers.host,
      isEncrypted: 'encrypted' in request.socket,
    };
    return forwardedHeaders({ ...headers }, client) as IncomingHttpHeaders;
  };
  const passOn = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const service = routeOf(method, pathOf(request));
    if (service === null || request.url.includes('\\')) {
      reply.callNotFound();
      return reply;
    }
    return reply.from(`${options.upstreams[service]}${request.url}`, {
      rewriteRequestHeaders: (_, headers) => forward(request, headers),
      retryDelay: () => null, // it would ask again ten times at a 503
      onResponse: (_, __, response) => {
        answered.inc({ service, status: `${Math.floor(reply.statusCode / 100)}xx` });
        reply.send(response.stream);
      },
      onError: (_, { error }) => {
        const shown = failureOf(service, error);
        answered.inc({ service, status: String(shown.status) });
        sendProblem(shown, request, reply);
      },
    });
  };
  app.all('/*', passOn);

  return {
    app,
    async drain(patienceMs) {
      draining = true;
      const timer = setTimeout(() => app.server.closeAllConnections(), patienceMs);
      await app.close();
      clearTimeout(timer);
    },
  };
}
