import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { type AppError, newId } from '@sluice/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { appErrorOf, PROBLEM_TYPE, problemOf } from './problem.ts';

const log = new Logger('http');
const JSON_TYPE = 'application/json; charset=utf-8';

/** For `@RouteConfig(…)` of a route whose errors have a vendor's shape: also those of a body that cannot be read. */
export interface WithErrorBody {
  errorBody(error: AppError): object;
}

/** Sends any error as problem+json; logs only what nobody foresaw, with the id that the caller is told. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const shown = appErrorOf(error);
  const requestId = shown.status === 500 ? newId() : undefined;
  if (requestId !== undefined)
    log.error(
      `${request.method} ${request.routeOptions?.url ?? request.url} (request ${requestId})`,
      error instanceof Error ? error.stack : String(error),
    );
  if (reply.sent || reply.raw.headersSent) return;
  if (shown.status === 413) letBodyPass(request, reply);
  const { errorBody } = (request.routeOptions?.config ?? {}) as Partial<WithErrorBody>;
  const retry = shown.status === 503 || shown.status === 429 ? { 'retry-after': '1' } : {};
  const challenge = shown.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  reply
    .code(shown.status)
    .headers({ ...retry, ...challenge, ...shown.headers, 'content-type': errorBody ? JSON_TYPE : PROBLEM_TYPE })
    .send(JSON.stringify(errorBody ? errorBody(shown) : problemOf(shown, request.url.split('?')[0], requestId)));
}

/** Bytes that are read and thrown away so that the sender, who writes first and reads then, gets its answer. */
const LARGEST_PASSED_BYTES = 16 * 1_048_576;

/** Fastify closes the connection at once, and what is on the way meets a reset: the sender would never see why. */
function letBodyPass(request: FastifyRequest, reply: FastifyReply): void {
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  if (announced <= LARGEST_PASSED_BYTES) reply.removeHeader('connection');
}

/** Errors of requests become problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
