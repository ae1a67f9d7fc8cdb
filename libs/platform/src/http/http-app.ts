import type { Server } from 'node:http';
import type { Type } from '@nestjs/common';
import { DiscoveryService, NestFactory, Reflector } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { metrics } from '../observing/metrics.ts';
import { completeOpenApi } from '../openapi/complete-openapi.ts';
import { DOCS_PAGE_HEADERS, docsPage } from '../openapi/docs-page.ts';
import type { DescribedPaths, OpenApiDocument } from '../openapi/openapi-document.ts';
import { OWN_PATHS } from '../openapi/own-paths.ts';
import type { RequestLimits } from '../settings/settings.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { DryRunInterceptor } from './dry-run.ts';
import { EmptyBodyInterceptor } from './empty-body.ts';
import { HEADERS_OF_EDGE, MAX_HEADERS } from './header-bounds.ts';
import { Health, HealthCheck, type HealthCheckProvider } from './health.ts';
import { acceptJsonBodies } from './json-body.ts';
import { letBodiesPass } from './passing-bodies.ts';
import { platformError } from './platform.errors.ts';
import { ProblemFilter, sendProblem } from './problem.filter.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';
import { RawRoutes, type RawRoutesProvider } from './raw-routes.ts';
import { AMBIGUOUS_DETAIL, isAmbiguous, originForm, pathOf } from './request-target.ts';
import { acceptYamlBodies } from './yaml-body.ts';
import { RequestValidationPipe } from './request-validation.ts';

export interface HttpAppOptions {
  /** Bounds what is open at once; unbounded unless given. */
  connections?: ConnectionLimit;
  module: Type<unknown> | DynamicModule;
  logger?: LoggerService | false;
  strategy?: CustomTransportStrategy;
  /** Bytes a management request may have; the hot path has its own limit. 1 MiB unless given. */
  bodyLimitBytes?: number;
  /** Of every request: 16 KiB of headers and 15 s unless given. */
  limits?: HttpLimits;
}

export type HttpLimits = Pick<RequestLimits, 'maxHeaderBytes' | 'requestTimeoutMs'>;

export interface HttpApp {
  nest: NestFastifyApplication;
  health: Health;
  /** Starts the bus (when there is one) and listens; resolves with the port. */
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

const DEFAULT_LIMITS: HttpLimits = { maxHeaderBytes: 16_384, requestTimeoutMs: 15_000 };
const SWEEP_MS = 250;

type AnswerUnreadable = NonNullable<RawRoutesProvider['answerUnreadable']>;

function createAdapter(
  bodyLimitBytes: number,
  { maxHeaderBytes, requestTimeoutMs }: HttpLimits,
  unreadable: readonly AnswerUnreadable[],
): FastifyAdapter {
  return new FastifyAdapter({
    logger: false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 256 },
    rewriteUrl: ({ url = '/' }) => originForm(url),
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    // Framework errors before routing (a malformed URL) are problems like all others, unless the paths have words of their own.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      if (!unreadable.some((answer) => answer(request, reply))) sendProblem(error, request, reply);
    },
  });
}

const ABOUT = `Webhooks in, flows through, webhooks out. Credentials: \`Authorization: Bearer <token>\`. Lists are newest first with
\`cursor\` and \`limit\`; resources have an \`ETag\`, changes honour \`If-Match\`, and where it says so \`dryRun=true\` rehearses.`;

function openApiOf(nest: NestFastifyApplication, described: readonly DescribedPaths[]): OpenApiDocument {
  const config = new DocumentBuilder()
    .setTitle('Sluice')
    .setDescription(ABOUT)
    .setVersion('0.1.0')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'a personal access token' })
    .build();
  return completeOpenApi(SwaggerModule.createDocument(nest, config) as OpenApiDocument, described);
}

/** `/openapi.json` and `/docs`, made when somebody asks first. */
function serveOpenApi(
  nest: NestFastifyApplication,
  fastify: FastifyInstance,
  described: readonly DescribedPaths[],
): void {
  let openApi: OpenApiDocument | undefined;
  let page: string | undefined;
  const document = (): OpenApiDocument => (openApi ??= openApiOf(nest, described));
  fastify.get('/openapi.json', (_request, reply) => reply.send(document()));
  fastify.get('/docs', (_request, reply) => reply.headers(DOCS_PAGE_HEADERS).send((page ??= docsPage(document()))));
}

async function registerDiscovered(
  nest: NestFastifyApplication,
  fastify: FastifyInstance,
  health: Health,
  unreadable: AnswerUnreadable[],
): Promise<DescribedPaths[]> {
  const described: DescribedPaths[] = [];
  const discovery = nest.get(DiscoveryService);
  for (const wrapper of discovery.getProviders()) {
    const type = wrapper.metatype;
    if (!wrapper.instance || typeof type !== 'function') continue;
    const name = discovery.getMetadataByDecorator(HealthCheck, wrapper);
    if (name !== undefined) health.add(name, () => (wrapper.instance as HealthCheckProvider).check());
    if (!Reflect.hasMetadata(RawRoutes.KEY, type)) continue;
    const routes = wrapper.instance as RawRoutesProvider;
    await routes.registerRoutes(fastify);
    if (routes.answerUnreadable)
      unreadable.push((request, reply) => routes.answerUnreadable?.(request, reply) ?? false);
    if (routes.describeRoutes) described.push(routes.describeRoutes());
  }
  return described;
}

/** The same answer as the edge's, which does not know in whose words a path would be answered. */
function refuseAmbiguousPaths(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const path = pathOf(request.url);
    if (!isAmbiguous(path)) return done();
    const problem = problemOf(platformError('bad_request', AMBIGUOUS_DETAIL), path);
    reply.code(problem.status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(problem));
  });
}

/** A Nest application on Fastify with everything every service has: problems, validation, health, metrics, OpenAPI. */
export async function createHttpApp(options: HttpAppOptions): Promise<HttpApp> {
  const unreadable: AnswerUnreadable[] = [];
  const adapter = createAdapter(options.bodyLimitBytes ?? 1_048_576, options.limits ?? DEFAULT_LIMITS, unreadable);
  const nest = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    bufferLogs: false,
    bodyParser: false,
    abortOnError: false,
  });
  nest.useGlobalFilters(new ProblemFilter());
  nest.useGlobalPipes(new RequestValidationPipe());
  const reflector = nest.get(Reflector);
  nest.useGlobalInterceptors(new EmptyBodyInterceptor(reflector), new DryRunInterceptor(reflector));
  // What is checked and intercepted are requests: the pipe walked through every batch of events, field by field, for texts
  // that cannot be stored, which was 19 of 590 µs of a trigger. `@Consumes` has a filter of its own.
  if (options.strategy) nest.connectMicroservice({ strategy: options.strategy }, { inheritAppConfig: false });
  options.connections?.attach(nest.getHttpServer() as Server);
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  (nest.getHttpServer() as Server).maxHeadersCount = MAX_HEADERS + HEADERS_OF_EDGE;
  refuseAmbiguousPaths(fastify);
  letBodiesPass(fastify);
  acceptJsonBodies(fastify);
  acceptYamlBodies(fastify);
  const health = new Health();
  metrics.collectProcessMetrics();
  health.registerRoutes(fastify);
  fastify.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics.exposition();
    return reply.header('content-type', contentType).send(text);
  });
  const described = [OWN_PATHS];
  serveOpenApi(nest, fastify, described);
  described.push(...(await registerDiscovered(nest, fastify, health, unreadable)));
  // Nest's own handlers for unknown paths and errors lead to ProblemFilter.
  try {
    await nest.init();
  } catch (error) {
    await nest.close();
    throw error;
  }
  return {
    nest,
    health,
    async listen(host, port) {
      if (options.strategy) await nest.startAllMicroservices();
      await nest.listen(port, host);
      const address = nest.getHttpServer().address();
      return typeof address === 'object' && address !== null ? (address as { port: number }).port : port;
    },
    async close() {
      health.draining = true;
      const server = nest.getHttpServer() as Server;
      // Closing looks for idle connections once. One whose answer ends a moment later would be kept alive for 72 s, and
      // the process with it.
      const sweep = setInterval(() => {
        if (!server.listening) server.closeIdleConnections();
      }, SWEEP_MS);
      try {
        await nest.close();
      } finally {
        clearInterval(sweep);
      }
    },
  };
}
