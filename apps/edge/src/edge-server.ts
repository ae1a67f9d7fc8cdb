import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { ConsoleSite } from '@sluice/console-site';
import { AppError, type ServiceName } from '@sluice/contracts';
import {
  AMBIGUOUS_DETAIL,
  appErrorOf,
  type ConnectionLimit,
  decodedUnreserved,
  DOCS_PAGE_HEADERS,
  docsPage,
  isAmbiguous,
  MAX_HEADERS,
  metrics,
  originForm,
  pathOf,
  platformError,
} from '@sluice/platform';
import { Agent } from 'undici';
import { failureOf, isNotReached, type ParserLimits, problemOfParser } from './edge.errors.ts';
import { Exchange, rawEdgeProblem, sendEdgeProblem } from './exchange.ts';
import { type Client, forwardedHeaders, plainAddress, trustedPeers } from './forwarded-headers.ts';
import { Origins } from './origins.ts';
import { routeIndex } from './route-index.ts';
import { UpstreamState } from './upstream-state.ts';
import type { Upstreams } from './upstreams.config.ts';

/** Above the longest long poll and the longest synchronous answer; event streams have no limit once they flow. */
const ANSWER_TIMEOUT_MS = 150_000;
const LISTENER_MARGIN_MS = 15_000;
const REFUSED_LINGER_MS = 500;
/** Per instance of a service: every caller that waits for its answer holds one. */
const MAX_UPSTREAM_CONNECTIONS = 16_384;
/** A body up to this is collected first: one buffer costs a third of a stream, and nearly every trigger is that small. */
const COLLECT_BYTES = 65_536;

export interface EdgeOptions {
  upstreams: Upstreams;
  /** CIDRs whose X-Forwarded-* are believed. */
  trustedProxies: readonly string[];
  /** Those of the services: a longer time here would only keep slow senders' sockets. */
  requestLimits: ParserLimits;
  /** Bounds what is open at once; unbounded unless given. */
  connections?: ConnectionLimit;
  /** How long a listener may take to answer (LN-07), in milliseconds; one hour unless given. */
  listenerTimeoutMs?: number;
}

export interface Edge {
  server: Server;
  /** Answers 503 on /readyz, takes no more connections, and cuts what is still busy after `patienceMs`. */
  drain(patienceMs: number): Promise<void>;
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  };
  response.writeHead(status, headers).end(text);
}

/** What the edge answers itself. */
function ownRoutes(
  state: UpstreamState,
  isDraining: () => boolean,
): Map<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>> {
  return new Map([
    ['/livez', async (_, response) => sendJson(response, 200, { status: 'ok' })],
    [
      '/readyz',
      async (request, response) => {
        const strict = new URLSearchParams(request.url?.split('?', 2)[1]).get('strict') === 'true';
        const report = await state.report(strict);
        if (isDraining()) report.checks.shutdown = { ok: false, detail: 'shutting down' };
        const ready = report.ready && !isDraining();
        sendJson(response, ready ? 200 : 503, { status: ready ? 'ok' : 'unavailable', checks: report.checks });
      },
    ],
    [
      '/metrics',
      async (_, response) => {
        const { contentType, text } = await metrics.exposition();
        response.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }).end(text);
      },
    ],
    ['/openapi.json', async (_, response) => sendJson(response, 200, await state.openApi())],
    [
      '/docs',
      async (_, response) => {
        const page = docsPage(await state.openApi());
        response.writeHead(200, { ...DOCS_PAGE_HEADERS, 'content-length': Buffer.byteLength(page) }).end(page);
      },
    ],
  ]);
}

/** The console's files, and `/`; false when the path is somebody else's. */
function siteRoutes(): (request: IncomingMessage, response: ServerResponse) => boolean {
  const site = new ConsoleSite();
  return (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const [acceptEncoding, ifNoneMatch] = [headers['accept-encoding'], headers['if-none-match']];
    const answer = site.answer({ method, url, acceptEncoding: acceptEncoding?.toString(), ifNoneMatch });
    if (!answer) return false;
    request.resume();
    response.writeHead(answer.status, answer.headers).end(method === 'HEAD' ? undefined : answer.body);
    return true;
  };
}

/** Who is at the other end, asked once per connection. */
function clientsOf(trustedProxies: readonly string[]): (socket: Socket) => Client {
  const isTrusted = trustedPeers(trustedProxies);
  const known = new WeakMap<Socket, Client>();
  return (socket) => {
    let client = known.get(socket);
    if (!client) {
      const address = plainAddress(socket.remoteAddress ?? '');
      client = { address, isTrusted: isTrusted(address), isEncrypted: 'encrypted' in socket };
      known.set(socket, client);
    }
    return client;
  };
}

/** Calls back with the whole body; not at all when the client goes away before its end. */
function collect(request: IncomingMessage, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => then(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
}

/** The reverse proxy: what the routing table names goes to its service, streamed both ways. */
function proxy(options: EdgeOptions, agent: Agent): Handle {
  const serviceOf = routeIndex();
  // The gateway's own answer to a listener that takes too long comes first.
  const listenerTimeoutMs = (options.listenerTimeoutMs ?? 3_600_000) + LISTENER_MARGIN_MS;
  const clientOf = clientsOf(options.trustedProxies);
  const counter = metrics.counter('sluice_edge_requests_total', 'Requests passed on, by service and status', [
    'service',
    'status',
  ]);
  const count = (service: ServiceName) => (status: number) =>
    counter.inc({ service, status: `${Math.floor(status / 100)}xx` });
  const originsOf = new Map(
    Object.entries(options.upstreams).map(([name, origins]) => [name as ServiceName, new Origins(origins)]),
  );
  const counts = new Map(Object.keys(options.upstreams).map((name) => [name, count(name as ServiceName)]));

  const send = (
    service: ServiceName,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer | Readable | null,
  ): void => {
    const origins = originsOf.get(service) as Origins;
    const headers = forwardedHeaders(request.rawHeaders, clientOf(request.socket), !(body instanceof PassThrough));
    const { method = 'GET', url: path = '/' } = request;
    const onAnswer = counts.get(service) ?? (() => undefined);
    const failure = (error: Error): AppError => failureOf(service, error);
    const attempt = (left: number): void => {
      const origin = origins.next();
      const again = (error: Error): boolean => {
        if (!isNotReached(error)) return false;
        origins.notReached(origin);
        // A stream may have been read in part already.
        if (left === 0 || body instanceof PassThrough) return false;
        attempt(left - 1);
        return true;
      };
      const exchange = new Exchange(request, response, { failure, onAnswer, again });
      const timeouts = {
        headersTimeout: decodedUnreserved(path).startsWith('/apps/') ? listenerTimeoutMs : ANSWER_TIMEOUT_MS,
        bodyTimeout: 0,
      };
      agent.dispatch({ origin, path, method, headers, body, ...timeouts }, exchange);
    };
    attempt(origins.count - 1);
  };
  return (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const path = decodedUnreserved(pathOf(url));
    const service = serviceOf(method === 'HEAD' ? 'GET' : method, path);
    if (service === null) throw platformError('not_found', `there is no ${method} ${path}`);
    const length = request.headers['content-length'];
    const isChunked = request.headers['transfer-encoding'] !== undefined;
    if (method === 'GET' || method === 'HEAD' || (!isChunked && (length === undefined || length === '0'))) {
      request.resume(); // a body has no meaning there (RFC 9110 §9.3.1)
      send(service, request, response, null);
    } else if (!isChunked && Number(length) <= COLLECT_BYTES) {
      collect(request, (body) => send(service, request, response, body));
    } else {
      // Not the request itself: undici destroys a body that a service did not want, and with it the client's socket.
      send(service, request, response, request.pipe(new PassThrough()));
    }
  };
}

/** Requests that never became one: too long headers, garbage, too slow. Nobody else could answer them. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket, limits: ParserLimits): void {
  if (!socket.writable) return;
  socket.end(rawEdgeProblem(problemOfParser(error.code, limits)));
  // Who does not close in its turn, or goes on sending, keeps nothing open here.
  setTimeout(() => socket.destroy(), REFUSED_LINGER_MS).unref();
}

/** The edge of the distributed wiring, not listening yet. */
export function createEdge(options: EdgeOptions): Edge {
  const state = new UpstreamState(options.upstreams);
  const agent = new Agent({ connections: MAX_UPSTREAM_CONNECTIONS, pipelining: 1, connect: { timeout: 2_000 } });
  let draining = false;
  const own = ownRoutes(state, () => draining);
  const passOn = proxy(options, agent);
  const isConsole = siteRoutes();
  const fail = (error: unknown, request: IncomingMessage, response: ServerResponse): void =>
    sendEdgeProblem(error instanceof AppError ? error : appErrorOf(error), request, response);

  const { maxHeaderBytes, requestTimeoutMs } = options.requestLimits;
  const limits = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: requestTimeoutMs,
    requestTimeout: requestTimeoutMs,
  };
  const server = createServer(
    { ...limits, keepAliveTimeout: 72_000, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      if (draining) response.shouldKeepAlive = false;
      request.url = originForm(request.url ?? '/');
      const path = pathOf(request.url);
      // Byte for byte it goes on, so a service must not read it as the path of another one.
      if (isAmbiguous(path)) {
        fail(platformError('bad_request', AMBIGUOUS_DETAIL), request, response);
        return;
      }
      const reads = request.method === 'GET' || request.method === 'HEAD';
      const answer = reads ? own.get(decodedUnreserved(path)) : undefined;
      if (answer) {
        answer(request, response).catch((error: unknown) => fail(error, request, response));
        return;
      }
      try {
        if (isConsole(request, response)) return;
        passOn(request, response);
      } catch (error) {
        fail(error, request, response);
      }
    },
  );
  server.maxHeadersCount = MAX_HEADERS;
  options.connections?.attach(server);
  server.on('clientError', (error, socket: Socket) => refuseMalformed(error, socket, options.requestLimits));
  metrics.collectProcessMetrics();
  return {
    server,
    async drain(patienceMs) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const timer = setTimeout(() => server.closeAllConnections(), patienceMs);
      await closed;
      clearTimeout(timer);
      await agent.destroy();
    },
  };
}
