import type { IncomingMessage } from 'node:http';
import { gatewayError } from '../gateway.errors.ts';
import type { BodyBudget } from './body-budget.ts';

const NOTHING = Buffer.alloc(0);

/** The caller went away before its request was complete: there is nobody to answer. */
export class CallerGoneError extends Error {
  constructor() {
    super('the connection closed before the request was complete');
    this.name = 'CallerGoneError';
  }
}

function tooLarge(maxBytes: number): Error {
  return gatewayError('body_too_large', `A body may have at most ${maxBytes} bytes.`);
}

function overloaded(): Error {
  return gatewayError('overloaded', 'Too many bodies are being received at once; try again.');
}

/**
 * Collects the body of a request and counts while it streams: more than `maxBytes` is refused at once, by its
 * Content-Length before a byte is read, otherwise (chunked, endless) at the first byte too many. The time a slow body
 * may take is bounded by the HTTP server's `requestTimeout`, which costs nothing per request.
 * Whoever gets the bytes gives them back to the budget once the request is answered.
 * @throws AppError `body_too_large` | `overloaded`
 * @throws CallerGoneError
 */
export function readBodyBytes(
  request: IncomingMessage,
  maxBytes: number,
  budget: BodyBudget,
): Promise<Buffer> | Buffer {
  const announced = request.headers['content-length'];
  if (announced === undefined && request.headers['transfer-encoding'] === undefined) return NOTHING;
  if (announced !== undefined && Number(announced) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    let first: Buffer | null = null;
    let rest: Buffer[] | null = null;
    let size = 0;
    let done = false;
    const fail = (error: Error): void => {
      done = true;
      first = rest = null;
      budget.give(size);
      reject(error);
    };
    request.on('data', (chunk: Buffer) => {
      if (done) return;
      if (size + chunk.length > maxBytes) return fail(tooLarge(maxBytes));
      if (!budget.take(chunk.length)) return fail(overloaded());
      size += chunk.length;
      if (first === null) first = chunk;
      else if (rest === null) rest = [first, chunk];
      else rest.push(chunk);
    });
    request.on('end', () => {
      if (done) return;
      done = true;
      const whole = rest ? Buffer.concat(rest, size) : (first ?? NOTHING);
      // The listeners live as long as the request, which may wait for its run.
      first = rest = null;
      resolve(whole);
      // The listeners live as long as the request, which may wait in line for its answer.
      first = rest = null;
    });
    // An aborted request ends with 'error' and 'close', never with 'end'. Without a listener the error would be thrown.
    request.on('error', () => {
      if (!done) fail(new CallerGoneError());
    });
    request.on('close', () => {
      if (!done) fail(new CallerGoneError());
    });
  });
}
