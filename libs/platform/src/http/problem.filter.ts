import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError } from 'rxjs';
import { appErrorOf, PROBLEM_TYPE, problemOf } from './problem.ts';

const log = new Logger('http');

/** Sends any error as problem+json; logs only what nobody foresaw. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const shown = appErrorOf(error);
  if (shown.status === 500)
    log.error(
      `${request.method} ${request.routeOptions?.url ?? request.url}`,
      error instanceof Error ? error.stack : String(error),
    );
  if (reply.sent || reply.raw.headersSent) return;
  const retry = shown.status === 503 || shown.status === 429 ? { 'retry-after': '1' } : {};
  const challenge = shown.status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  reply
    .code(shown.status)
    .headers({ ...retry, ...challenge, ...shown.headers, 'content-type': PROBLEM_TYPE })
    .send(JSON.stringify(problemOf(shown, request.url.split('?')[0])));
}

/** HTTP errors become problem+json; errors of bus handlers go back to the bus unchanged. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') return throwError(() => error);
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    return undefined;
  }
}
