import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AccessControl, allows, bearerOf } from '@sluice/access';
import { inTrace, startWork } from '@sluice/observability';
import { InjectSettings, metrics, RawRoutes, type RawRoutesProvider, type Settings } from '@sluice/platform';
import { bodyKindOf, type FormFields, parseForm, readBody } from '@sluice/request-body';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { methodProblem, responseModeOf, type RunMode, stateProblem } from '../../accept/admission.rules.ts';
import { traceparentOf } from '../../accept/trace-context.rules.ts';
import {
  type CheckedRequest,
  newRequestId,
  type RequestTrace,
  TriggerAcceptor,
} from '../../accept/trigger-acceptor.ts';
import { replyOutcome } from '../../answers/answer-reply.ts';
import { AnswerWaiters } from '../../answers/answer-waiters.ts';
import { challengeOf, isAuthentic } from '../../authentication/trigger-credential.rules.ts';
import { GATEWAY_LIMITS } from '../../gateway.config.ts';
import { gatewayError } from '../../gateway.errors.ts';
import { BodyBudget } from '../../inbound/body-budget.ts';
import { readBodyBytes } from '../../inbound/body-stream.ts';
import { contentEncodingProblem } from '../../inbound/content-encoding.rules.ts';
import { Refusals } from '../../inbound/refusals.ts';
import type { Route } from '../../routing/route.ts';
import { Router } from '../../routing/router.ts';

const NO_QUERY: FormFields = {};

/**
 * `/t/{trigger_id}` (platform.md GW-01, GW-03, GW-04). The order of the checks is fixed: body limit, route, method,
 * authentication, state of the flow, parsing, and only then the append; so a stranger learns nothing but whether the
 * trigger exists, and nothing is parsed for one who may not call.
 */
@Injectable()
@RawRoutes()
export class NativeRoutes implements RawRoutesProvider {
  readonly #unknown = metrics.counter(
    'sluice_gateway_unknown_triggers_total',
    'Requests for triggers that do not exist',
  );

  constructor(
    private readonly router: Router,
    private readonly acceptor: TriggerAcceptor,
    private readonly waiters: AnswerWaiters,
    private readonly access: AccessControl,
    private readonly refusals: Refusals,
    private readonly budget: BodyBudget,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  registerRoutes(app: FastifyInstance): void {
    app.route<{ Params: { id: string } }>({
      method: app.supportedMethods,
      url: '/t/:id',
      exposeHeadRoute: false,
      // The request is taken from Fastify before it parses anything: bodies of every method and type arrive as bytes.
      onRequest: (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
        reply.hijack();
        void this.handle(request.params.id, request.raw, reply.raw);
      },
      handler: () => undefined,
    });
  }

  async handle(triggerId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parent = traceparentOf(request.headers.traceparent);
    const work = startWork('trigger', { parent, kind: 'server' });
    let held = 0;
    try {
      const body = await readBodyBytes(request, GATEWAY_LIMITS.maxBodyBytes, this.budget);
      held = body.length;
      const checking = this.#check(triggerId, request, body);
      const checked = checking instanceof Promise ? await checking : checking;
      if (checked.waits) await this.#acceptAndWait(checked, response, work);
      else await this.#accept(checked, response, work);
      work.end();
    } catch (error) {
      inTrace(work.traceparent, () => this.refusals.answer(request, response, error));
      work.end(error);
    } finally {
      this.budget.give(held);
    }
  }

  /** A promise only where something has to be asked: the registry for an unknown route, access for a draft. */
  #check(triggerId: string, request: IncomingMessage, body: Buffer): CheckedRequest | Promise<CheckedRequest> {
    const found = this.router.find(triggerId);
    if (found instanceof Promise) return found.then((route) => this.#checkFor(route, request, body));
    return this.#checkFor(found, request, body);
  }

  #checkFor(route: Route | null, request: IncomingMessage, body: Buffer): CheckedRequest | Promise<CheckedRequest> {
    if (route === null) {
      this.#unknown.inc();
      throw gatewayError('unknown_trigger', 'There is no trigger at this address.');
    }
    const wrongMethod = methodProblem(route, request.method as string);
    if (wrongMethod) throw wrongMethod;
    const query = queryOf(request.url as string);
    if (query.mode === 'draft') {
      return this.#requireEditor(route, request).then(() => checkedRequest(route, 'draft', request, query, body));
    }
    if (!isAuthentic(route.trigger.auth, route.trigger.tokenHashes, request.headers)) {
      throw unauthorized(challengeOf(route.trigger.auth));
    }
    return checkedRequest(route, 'live', request, query, body);
  }

  /** `?mode=draft` runs what is not published yet, so it takes a token that may edit, not the trigger's. */
  async #requireEditor(route: Route, request: IncomingMessage): Promise<void> {
    const token = bearerOf(request.headers.authorization);
    const caller = token === null ? null : await this.access.authenticate(token);
    if (caller === null || caller.kind !== 'personal') throw unauthorized('Bearer realm="sluice"');
    // A stranger from another app must not learn that the trigger exists.
    if (caller.appId !== null && caller.appId !== route.trigger.appId) {
      throw gatewayError('unknown_trigger', 'There is no trigger at this address.');
    }
    if (!allows(caller.scopes, 'automation.manage')) {
      throw gatewayError('forbidden', '?mode=draft needs a token that may edit (scope automation.manage).');
    }
  }

  async #accept(checked: CheckedRequest, response: ServerResponse, trace: RequestTrace): Promise<void> {
    const id = newRequestId();
    await this.acceptor.accept(id, checked, trace);
    const body = `{"id":"${id}","status":"accepted"}`;
    response.writeHead(202, [
      'content-type',
      'application/json; charset=utf-8',
      'content-length',
      String(body.length),
      'location',
      this.#locationOf(id),
      'retry-after',
      '1',
    ]);
    // ASCII: Node writes head and body as one string, and latin1 is the cheapest to write.
    response.end(body, 'latin1');
  }

  async #acceptAndWait(checked: CheckedRequest, response: ServerResponse, trace: RequestTrace): Promise<void> {
    const id = newRequestId();
    const waiter = this.waiters.register(id, GATEWAY_LIMITS.answerTimeoutMs);
    const gone = (): void => waiter.cancel();
    response.once('close', gone);
    try {
      await this.acceptor.accept(id, checked, trace);
    } catch (error) {
      waiter.cancel();
      throw error;
    }
    const outcome = await waiter.outcome;
    response.off('close', gone);
    replyOutcome(checked.request, response, outcome, this.#locationOf(id));
  }

  #locationOf(id: string): string {
    return `${this.settings.publicUrl}/v1/runs/${id}`;
  }
}

/** What is left to check once the caller may start the trigger. */
function checkedRequest(
  route: Route,
  mode: RunMode,
  request: IncomingMessage,
  query: FormFields,
  body: Buffer,
): CheckedRequest {
  const problem = stateProblem(route, mode) ?? contentEncodingProblem(request.headers['content-encoding']);
  if (problem) throw problem;
  const bodyKind = bodyKindOf(request.headers['content-type'], body);
  readBody(bodyKind, body);
  const waits = responseModeOf(route, mode, 'async') === 'sync';
  return { route, mode, request, query, body, bodyKind, waits };
}

function unauthorized(challenge: string): Error {
  return gatewayError('unauthorized', 'The credential of this trigger is missing or wrong.', {
    headers: { 'www-authenticate': challenge },
  });
}

function queryOf(url: string): FormFields {
  const question = url.indexOf('?');
  return question === -1 ? NO_QUERY : parseForm(url.slice(question + 1));
}
