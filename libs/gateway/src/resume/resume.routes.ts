import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { AppError } from '@sluice/contracts';
import { inTrace, startWork } from '@sluice/observability';
import { InjectSettings, RawRoutes, type RawRoutesProvider, type RequestLimits, type Settings } from '@sluice/platform';
import { type BodyLimits, bodyKindOf, parseJson, readBody } from '@sluice/request-body';
import type { LinkClaim } from '@sluice/sealed-values';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { traceparentOf } from '../accept/trace-context.rules.ts';
import { gatewayError } from '../gateway.errors.ts';
import { BodyBudget } from '../inbound/body-budget.ts';
import { readBodyBytes } from '../inbound/body-stream.ts';
import { ClientAddress } from '../inbound/client-address.ts';
import { codingOf } from '../inbound/content-encoding.rules.ts';
import { refusalHeaders, replyProblem, replyRefusal } from '../inbound/http-reply.ts';
import { Refusals } from '../inbound/refusals.ts';
import { type Decision, decisionOf } from './decision.rules.ts';
import { askPage, donePage, overPage, PAGE_HEADERS } from './resume-page.rules.ts';
import { Resumptions } from './resumptions.ts';

/** What a step may put out, and no more: the body becomes its output. */
const MAX_BYTES = 262_144;
const METHODS = ['GET', 'HEAD', 'POST'];
const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

/** `/resume/{link}`: gives a waiting step its answer (FL-02). The link is the credential. */
@Injectable()
@RawRoutes()
export class ResumeRoutes implements RawRoutesProvider {
  readonly #limits: RequestLimits;
  readonly #maxBytes: number;

  constructor(
    private readonly resumptions: Resumptions,
    private readonly refusals: Refusals,
    private readonly budget: BodyBudget,
    private readonly clients: ClientAddress,
    @InjectSettings() settings: Settings,
  ) {
    this.#limits = settings.requestLimits;
    this.#maxBytes = Math.min(MAX_BYTES, this.#limits.maxBodyBytes);
  }

  registerRoutes(app: FastifyInstance): void {
    app.route<{ Params: { link: string } }>({
      method: app.supportedMethods,
      url: '/resume/:link',
      exposeHeadRoute: false,
      // Taken before Fastify parses anything: bodies of every type arrive as bytes.
      onRequest: (request: FastifyRequest<{ Params: { link: string } }>, reply: FastifyReply) => {
        reply.hijack();
        void this.handle(request.params.link, request.raw, reply.raw);
      },
      handler: () => undefined,
    });
  }

  /** Never rejects. */
  async handle(link: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const work = startWork('resume', { parent: traceparentOf(request.headers.traceparent), kind: 'server' });
    try {
      if (!METHODS.includes(request.method ?? '')) throw notAllowed(METHODS);
      const claim = this.resumptions.open(link);
      if (request.method === 'POST') await this.answer(claim, request, response);
      else await this.show(claim, request, response);
      work.end();
    } catch (error) {
      const wording = { refused: wantsPage(request) ? refusePage : replyProblem };
      inTrace(work.traceparent, () => this.refusals.answer(request, response, error, wording));
      work.end(error);
    }
  }

  /** The page of an approval. Nothing is decided by looking at it. */
  private async show(claim: LinkClaim, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (claim.kind === 'callback') throw notAllowed(['POST']);
    const { about } = await this.resumptions.standing(claim);
    const { message } = Object(about) as { message?: unknown };
    const text = askPage(claim.step, typeof message === 'string' ? message : null);
    send(response, 200, { ...PAGE_HEADERS, 'cache-control': 'no-store' }, request.method === 'HEAD' ? '' : text);
  }

  private async answer(claim: LinkClaim, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBodyBytes(request, this.#maxBytes, this.budget, () => this.clients.ofRequest(request));
    try {
      if (codingOf(request.headers['content-encoding']) !== null) {
        throw gatewayError('unsupported_content_encoding', 'Send the body without Content-Encoding.');
      }
      const contentType = request.headers['content-type'];
      const decision = claim.kind === 'approval' ? decisionOf(body, contentType, this.#limits.body) : null;
      const answer = decision === null ? valueOf(body, contentType, this.#limits.body) : decided(decision);
      const remoteAddress = this.clients.of(request.socket.remoteAddress, request.headers['x-forwarded-for']);
      const status = await this.resumptions.receive({ claim, answer, body, remoteAddress });
      if (decision !== null && wantsPage(request))
        return send(response, 200, { ...PAGE_HEADERS, 'cache-control': 'no-store' }, donePage(decision.approved));
      send(response, 202, JSON_HEADERS, JSON.stringify({ id: claim.runId, status }));
    } finally {
      this.budget.give(body.length);
    }
  }
}

function notAllowed(methods: readonly string[]): AppError {
  const allow = methods.join(', ');
  return gatewayError('method_not_allowed', `Send ${allow} to this link.`, { headers: { allow } });
}

const decided = (decision: Decision): unknown => ({ ...decision, at: new Date().toISOString(), via: 'link' });

function valueOf(body: Buffer, contentType: string | undefined, limits: BodyLimits): unknown {
  const kind = bodyKindOf(contentType, body);
  if (kind === 'multipart') throw gatewayError('unsupported_content_type', 'A callback takes no files.');
  return kind === 'json' ? parseJson(body, limits) : readBody(kind, body, undefined, limits);
}

/** Browsers say that they take HTML; programs do not. */
const wantsPage = (request: IncomingMessage): boolean => (request.headers.accept ?? '').includes('text/html');

function refusePage(request: IncomingMessage, response: ServerResponse, error: AppError): void {
  const { 'content-type': type, ...more } = { ...PAGE_HEADERS, ...refusalHeaders(error) };
  const text = overPage(error.title, error.message);
  replyRefusal(request, response, { status: error.status, type: type as string, text, headers: more });
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, text: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
