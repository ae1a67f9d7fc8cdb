import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AppError } from '@sluice/contracts';
import { PROBLEM_TYPE, problemOf } from '@sluice/platform';

/** How long and how much of a refused body is still read before the connection is closed. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 16 * 1_048_576;

const ASCII = /^[\x20-\x7e]*$/;

const answeredEarly = new WeakSet<Socket>();

/** Whether a request on this connection was answered before it was complete; nothing more may be written to it. */
export function isAnsweredEarly(socket: Socket): boolean {
  return answeredEarly.has(socket);
}

/** The text of a problem+json answer. */
export function problemText(error: AppError, path: string | undefined): string {
  return JSON.stringify(problemOf(error, path));
}

/** Answers with problem+json (RFC 9457). A request whose body was not read to its end loses its connection. */
export function replyProblem(request: IncomingMessage, response: ServerResponse, error: AppError): void {
  const text = problemText(error, pathOf(request.url ?? '/'));
  replyRefusal(request, response, { status: error.status, type: PROBLEM_TYPE, text, headers: refusalHeaders(error) });
}

/** The headers of an error; who may try again is told when, because senders without a hint try at once. */
export function refusalHeaders({ status, headers }: AppError): Record<string, string> {
  const retries = status === 503 || status === 429 || status === 408;
  return retries ? { 'retry-after': '1', ...headers } : { ...headers };
}

/** How a request is refused, in whichever vendor's words. */
export interface Refusal {
  status: number;
  type: string;
  text: string;
  headers: Readonly<Record<string, string>>;
}

function headerList({ type, headers: more }: Refusal, length: number): string[] {
  const headers = ['content-type', type, 'content-length', String(length), 'cache-control', 'no-store'];
  for (const [name, value] of Object.entries(more)) headers.push(name, value);
  return headers;
}

/** Like `replyProblem`, in other words than problem+json. */
export function replyRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) return;
  // Node writes head and body as one string when both are latin1: one write to the socket instead of two buffers.
  const encoding = ASCII.test(refusal.text) ? 'latin1' : 'utf8';
  const headers = headerList(refusal, Buffer.byteLength(refusal.text, encoding));
  const bodyPending = !request.complete && hasBody(request);
  if (!bodyPending) {
    response.writeHead(refusal.status, headers);
    response.end(refusal.text, encoding);
    return;
  }
  headers.push('connection', 'close');
  response.writeHead(refusal.status, headers);
  response.write(refusal.text, encoding);
  lingerThenEnd(request, response);
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
}

/**
 * Closing while the other side still sends makes the kernel answer with a reset, which can destroy the answer before
 * it is read. So the rest is read and thrown away for a moment, within bounds, before the connection closes.
 */
function lingerThenEnd(request: IncomingMessage, response: ServerResponse): void {
  answeredEarly.add(request.socket);
  let read = 0;
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > LINGER_BYTES) end();
  });
  request.on('end', end);
  request.on('close', end);
  request.on('error', end);
  request.resume();
}

/** Answers with JSON, which belongs to this caller alone. */
export function replyJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

/** The path of a request target, without its query string. */
export function pathOf(url: string): string {
  const question = url.indexOf('?');
  return question === -1 ? url : url.slice(0, question);
}
