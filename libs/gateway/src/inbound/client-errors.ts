import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { AppError } from '@sluice/contracts';
import {
  headersTooLarge,
  InjectSettings,
  PROBLEM_TYPE,
  RawRoutes,
  type RawRoutesProvider,
  type RequestLimits,
  type Settings,
} from '@sluice/platform';
import type { FastifyInstance } from 'fastify';
import { gatewayError } from '../gateway.errors.ts';
import { isAnsweredEarly, problemText } from './http-reply.ts';
import { Refusals } from './refusals.ts';

/** How long the refused side may take to read its answer before the socket is destroyed. */
const LINGER_MS = 500;

/** What the HTTP parser or its time limits refuse, before there is a request to route. */
export function problemOfClientError(error: NodeJS.ErrnoException, limits: RequestLimits): AppError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return gatewayError('headers_too_large', headersTooLarge(limits.maxHeaderBytes));
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const detail = `The request was not complete within ${limits.requestTimeoutMs / 1_000} s.`;
    return gatewayError('request_timeout', detail);
  }
  return gatewayError('malformed_request', 'The request could not be read as HTTP/1.1.');
}

/** A whole HTTP/1.1 answer, written by hand because no ServerResponse exists yet. */
export function rawProblem(error: AppError): string {
  const body = problemText(error, undefined);
  const retry = error.status === 408 ? 'Retry-After: 1\r\n' : '';
  return (
    `HTTP/1.1 ${error.status} ${error.title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${retry}Connection: close\r\n\r\n${body}`
  );
}

/** Answers malformed, oversized and slow requests with problem+json in place of the framework's own answer. */
@Injectable()
@RawRoutes()
export class ClientErrors implements RawRoutesProvider {
  readonly #answered = new WeakSet<Socket>();

  constructor(
    private readonly refusals: Refusals,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  registerRoutes(app: FastifyInstance): void {
    app.server.removeAllListeners('clientError');
    app.server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#answer(error, socket));
  }

  #answer(error: NodeJS.ErrnoException, socket: Socket): void {
    // The parser complains again about everything that follows its first complaint.
    if (this.#answered.has(socket)) return;
    this.#answered.add(socket);
    if (error.code === 'ECONNRESET' || !socket.writable || isAnsweredEarly(socket)) {
      socket.destroy();
      return;
    }
    const problem = problemOfClientError(error, this.settings.requestLimits);
    this.refusals.count(problem.code);
    socket.end(rawProblem(problem));
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }
}
