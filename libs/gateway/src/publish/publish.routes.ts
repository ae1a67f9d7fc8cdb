import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AccessControl, actorOf, bearerOf, maybeForged, type Principal, sessionCookieOf } from '@sluice/access';
import { EventSchemas } from '@sluice/event-schemas';
import type { CloudEvent } from '@sluice/contracts';
import { inTrace, startWork } from '@sluice/observability';
import { InjectSettings, RawRoutes, type RawRoutesProvider, type Settings } from '@sluice/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hopsOf } from '../accept/hops.rules.ts';
import { traceparentOf } from '../accept/trace-context.rules.ts';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { gatewayError } from '../gateway.errors.ts';
import { webhookPermission } from '../handshakes/handshake.rules.ts';
import { BodyBudget } from '../inbound/body-budget.ts';
import { decoded } from '../inbound/body-decoding.ts';
import { readBodyBytes } from '../inbound/body-stream.ts';
import { codingOf } from '../inbound/content-encoding.rules.ts';
import { ClientAddress } from '../inbound/client-address.ts';
import { Refusals } from '../inbound/refusals.ts';
import { cloudEventsOf, isBatch, MAX_PROBLEMS } from './cloud-event-binding.rules.ts';
import { EventPublisher } from './event-publisher.ts';

/** The list of events is the delivery log's. */
const ALLOW = 'GET, POST, OPTIONS';

/** `POST /v1/events`: CloudEvents in binary, structured and batched mode, and the handshake of their webhooks (GW-09). */
@Injectable()
@RawRoutes()
export class PublishRoutes implements RawRoutesProvider {
  constructor(
    private readonly publisher: EventPublisher,
    private readonly access: AccessControl,
    private readonly refusals: Refusals,
    private readonly budget: BodyBudget,
    private readonly schemas: EventSchemas,
    private readonly clients: ClientAddress,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  registerRoutes(app: FastifyInstance): void {
    app.route({
      method: ['POST'],
      url: '/v1/events',
      // Taken before Fastify parses anything: it knows neither the content types of CloudEvents nor binary mode.
      onRequest: (request: FastifyRequest, reply: FastifyReply) => {
        reply.hijack();
        void this.handle(request.raw, reply.raw);
      },
      handler: () => undefined,
    });
    app.route({
      method: ['OPTIONS'],
      url: '/v1/events',
      handler: (request, reply) => answerHandshake(request, reply),
    });
    // Before Fastify parses anything: what is wrong is the method, whatever the body is.
    app.route({
      method: ['PUT', 'PATCH', 'DELETE'],
      url: '/v1/events',
      onRequest: (request: FastifyRequest, reply: FastifyReply) => {
        reply.hijack();
        const headers = { allow: ALLOW };
        const error = gatewayError('method_not_allowed', `This address accepts ${ALLOW}.`, { headers });
        this.refusals.answer(request.raw, reply.raw, error);
      },
      handler: () => undefined,
    });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parent = traceparentOf(request.headers.traceparent);
    const work = startWork('publish events', { parent, kind: 'server' });
    let held = 0;
    try {
      const limits = this.settings.requestLimits;
      const clientOf = (): string => this.clients.ofRequest(request);
      const sent = await readBodyBytes(request, limits.maxBodyBytes, this.budget, clientOf);
      held = sent.length;
      const caller = await this.#callerOf(request);
      const appId = await this.#appOf(request, caller);
      if (!this.access.mayIn(caller, appId, 'events.publish')) {
        throw gatewayError('forbidden', 'This needs the scope events.publish, and the role operator in the app.');
      }
      const coding = codingOf(request.headers['content-encoding']);
      const body = coding === null || sent.length === 0 ? sent : await decoded(coding, sent, limits);
      const events = cloudEventsOf(request.headers, body, GATEWAY_LIMITS.maxEventsPerBatch, limits.body);
      this.#checkData(appId, events, isBatch(request.headers));
      const hops = hopsOf(request.headers);
      const result = await this.publisher.publish(appId, events, {
        causationId: null,
        actor: actorOf(caller),
        ...(hops > 0 ? { hops } : {}),
        ...(work.traceparent === undefined ? {} : { traceparent: work.traceparent }),
      });
      const text = JSON.stringify(result);
      const headers = ['content-type', 'application/json; charset=utf-8', 'content-length', String(text.length)];
      response.writeHead(202, headers);
      response.end(text);
      work.end();
    } catch (error) {
      inTrace(work.traceparent, () => this.refusals.answer(request, response, error));
      work.end(error);
    } finally {
      this.budget.give(held);
    }
  }

  /** RG-05: where the app's catalogue enforces a schema, all of a request's events fit or none is taken. */
  #checkData(appId: string, events: readonly CloudEvent[], isList: boolean): void {
    const problems = events.flatMap(({ type, data }, index) =>
      this.schemas.check(appId, type, data ?? null).map(({ pointer, message }) => ({
        pointer: `${isList ? `/${index}` : ''}/data${pointer}`,
        message,
      })),
    );
    if (problems.length === 0) return;
    const detail = `the data of ${isList ? 'some events do' : 'the event does'} not fit the schema of the type`;
    throw gatewayError('invalid_event_data', detail, { errors: problems.slice(0, MAX_PROBLEMS) });
  }

  async #callerOf(request: IncomingMessage): Promise<Principal> {
    const { authorization } = request.headers;
    const token = authorization === undefined ? this.#sessionOf(request) : bearerOf(authorization);
    const caller = token === null ? null : await this.access.authenticate(token);
    if (caller === null || (authorization === undefined && caller.kind !== 'session')) {
      throw gatewayError('unauthorized', 'Send Authorization: Bearer <token with scope events.publish>.', {
        headers: { 'www-authenticate': 'Bearer realm="sluice"' },
      });
    }
    return caller;
  }

  /** Somebody in the console publishes a test event: by the session's cookie, with the proof that our own page sent it. */
  #sessionOf(request: IncomingMessage): string | null {
    const cookie = sessionCookieOf(request.headers.cookie, this.settings.publicUrl.startsWith('https://'));
    return cookie === null || maybeForged('POST', request.headers) ? null : cookie;
  }

  async #appOf(request: IncomingMessage, caller: Principal): Promise<string> {
    const named = request.headers['x-sluice-app'];
    if (typeof named !== 'string' || named === '') return this.access.defaultAppOf(caller);
    const appId = await this.access.findApp(named, caller);
    if (appId === null) throw gatewayError('unknown_app', 'There is no such app.');
    return appId;
  }
}

/** A sender asks whether it may deliver here. Authentication comes with the POST. */
function answerHandshake(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const permission = webhookPermission(request.headers, null);
  reply.header('allow', ALLOW);
  return permission === null ? reply.code(204).send() : reply.code(200).headers(permission).send();
}
