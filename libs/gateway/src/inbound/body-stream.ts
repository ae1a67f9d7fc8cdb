import type { IncomingMessage } from 'node:http';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
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

function tooMuchAtOnce(): Error {
  const detail = `One client may have ${GATEWAY_LIMITS.maxReceivingBytesPerClient} bytes under way at once; try again.`;
  return gatewayError('overloaded', detail);
}

/**
 * Collects the body of a request and counts while it streams: more than `maxBytes` is refused at once, by its
 * Content-Length before a byte is read, otherwise (chunked, endless) at the first byte too many. The time a slow body
 * may take is bounded by the HTTP server's `requestTimeout`, which costs nothing per request.
 * Whoever gets the bytes gives them back to the budget once the request is answered.
 * @param clientOf who sends, asked for only when the body is past its first bytes.
 * @throws AppError `body_too_large` | `overloaded`
 * @throws CallerGoneError
 */
export function readBodyBytes(
  request: IncomingMessage,
  maxBytes: number,
  budget: BodyBudget,
  clientOf: () => string,
): Promise<Buffer> | Buffer {
  const announced = request.headers['content-length'];
  if (announced === undefined && request.headers['transfer-encoding'] === undefined) return NOTHING;
  if (announced !== undefined && Number(announced) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  // Its route may have been looked up meanwhile; what was emitted then nobody heard.
  if (request.destroyed && !request.complete) return Promise.reject(new CallerGoneError());
  return new Promise((resolve, reject) => {
    const arriving = new Arriving(budget, clientOf);
    let first: Buffer | null = null;
    let rest: Buffer[] | null = null;
    let size = 0;
    let done = false;
    const fail = (error: Error): void => {
      done = true;
      first = rest = null;
      arriving.end();
      budget.give(size);
      reject(error);
    };
    request.on('data', (chunk: Buffer) => {
      if (done) return;
      if (size + chunk.length > maxBytes) return fail(tooLarge(maxBytes));
      if (!arriving.add(chunk.length)) return fail(tooMuchAtOnce());
      if (!budget.take(chunk.length)) return fail(overloaded());
      size += chunk.length;
      if (first === null) first = chunk;
      else if (rest === null) rest = [first, chunk];
      else rest.push(chunk);
    });
    request.on('end', () => {
      if (done) return;
      done = true;
      arriving.end();
      const whole = rest ? Buffer.concat(rest, size) : (first ?? NOTHING);
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

/** What a body that is under way takes of its client's share. Small bodies, which are nearly all, take nothing. */
class Arriving {
  readonly #budget: BodyBudget;
  readonly #clientOf: () => string;
  #client: string | null = null;
  #size = 0;
  #counted = 0;

  constructor(budget: BodyBudget, clientOf: () => string) {
    this.#budget = budget;
    this.#clientOf = clientOf;
  }

  /** False when the client has too much under way. */
  add(bytes: number): boolean {
    this.#size += bytes;
    if (this.#size <= GATEWAY_LIMITS.uncountedBytes) return true;
    this.#client ??= this.#clientOf();
    const uncounted = this.#size - this.#counted;
    if (!this.#budget.receive(this.#client, uncounted)) return false;
    this.#counted = this.#size;
    return true;
  }

  end(): void {
    if (this.#client !== null) this.#budget.received(this.#client, this.#counted);
    this.#client = null;
  }
}
