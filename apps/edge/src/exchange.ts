import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { AppError } from '@sluice/contracts';
import { PROBLEM_TYPE, problemOf } from '@sluice/platform';
import type { Dispatcher } from 'undici';
import { HOP_BY_HOP } from './forwarded-headers.ts';

/** How long a client may go on sending a body that nobody reads any more, so that it gets to read its answer. */
const LINGER_MS = 1_000;

/** Sends an error as problem+json (RFC 9457) on a plain Node response; when an answer has begun already, cuts it. */
export function sendEdgeProblem(error: AppError, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const path = request.url?.split('?', 1)[0];
  const text = JSON.stringify(problemOf(error, path));
  const headers = { 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(text), ...error.headers };
  response.writeHead(error.status, headers).end(request.method === 'HEAD' ? undefined : text);
}

/** A whole HTTP/1.1 answer, for a request that never became one and so has no ServerResponse. */
export function rawEdgeProblem(error: AppError): string {
  const text = JSON.stringify(problemOf(error));
  const own = { 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(text), connection: 'close' };
  const lines = Object.entries({ ...own, ...error.headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${error.status} ${error.title}\r\n${lines.join('')}\r\n${text}`;
}

function answerHeaders(received: IncomingHttpHeaders): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const name in received) {
    if (!HOP_BY_HOP.has(name)) headers[name] = received[name];
  }
  return headers;
}

/** What becomes of an exchange beyond its answer. */
export interface ExchangeParts {
  failure(error: Error): AppError;
  onAnswer(status: number): void;
  /** Whether another instance takes it over. */
  again(error: Error): boolean;
}

/** Carries one answer of a service to the client while it arrives, as fast as the client reads. */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private clientLeft = false;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly parts: ExchangeParts,
  ) {
    response.once('close', () => {
      if (response.writableFinished) return;
      this.clientLeft = true;
      this.controller?.abort(new Error('the client closed the connection'));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.clientLeft) controller.abort(new Error('the client closed the connection'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return; // interim answers end here
    const outgoing = answerHeaders(headers);
    if (!this.request.complete) outgoing.connection = 'close'; // what is left of the body would be taken for a request
    this.response.writeHead(status, outgoing);
    this.parts.onAnswer(status);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.response.write(chunk)) return;
    controller.pause();
    this.response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    if (this.request.complete) this.response.end();
    else this.endLate();
  }

  /** Closing now, with unread data in the socket, would reset the connection under an answer that is still on its way. */
  private endLate(): void {
    const { request, response } = this;
    request.unpipe();
    request.resume();
    const timer = setTimeout(() => response.end(), LINGER_MS);
    const end = (): void => {
      clearTimeout(timer);
      response.end();
    };
    request.once('end', end);
    request.once('close', end);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.clientLeft || (!this.response.headersSent && this.parts.again(error))) return;
    const shown = this.parts.failure(error);
    this.parts.onAnswer(shown.status);
    sendEdgeProblem(shown, this.request, this.response);
  }
}
