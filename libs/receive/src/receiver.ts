import { MemoryReplayGuard, type ReplayGuard } from './replay-guard.ts';
import { headerOf, type Headers, VerificationError, type Verified, verify, type VerifyOptions } from './verify.ts';

/** A delivery as the handler gets it: verified, and not handled before. */
export interface Received extends Verified {
  /** Of the event, such as `order.created`. */
  type: string;
  headers: Headers;
  /** The exact bytes that were signed. */
  body: Uint8Array;
  /** @throws SyntaxError when the body is not JSON. */
  json(): unknown;
}

/** What it throws is answered 500, so that the delivery comes again. */
export type Handler = (event: Received) => unknown;

export interface ReceiveOptions extends VerifyOptions {
  /** A `MemoryReplayGuard` unless given; `null`: none, every delivery is handled. */
  replays?: ReplayGuard | null;
  /** Larger bodies are refused with 413; 4 MiB unless given. */
  maxBytes?: number;
  /** Told why a request was refused, or what the handler threw; to the console unless given. */
  onProblem?: (problem: unknown) => void;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const MAX_BYTES = 4 * 1024 * 1024;
const DEFAULT_ETL_PREFIX = 'X-Etl-Webhook';

function answer(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ message }) };
}

/** Verifies, remembers, calls the handler and says what is to be answered; the adapters only carry. */
export class Receiver {
  readonly maxBytes: number;
  readonly #options: ReceiveOptions;
  readonly #handler: Handler;
  readonly #replays: ReplayGuard | null;

  constructor(options: ReceiveOptions, handler: Handler) {
    this.#options = options;
    this.#handler = handler;
    this.#replays = options.replays === undefined ? new MemoryReplayGuard() : options.replays;
    this.maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  tooLarge(): Answer {
    return answer(413, `the body is larger than ${this.maxBytes} bytes`);
  }

  /** Never rejects. */
  async receive(headers: Headers, body: Uint8Array): Promise<Answer> {
    if (body.length > this.maxBytes) return this.tooLarge();
    try {
      const verified = verify({ headers, body }, this.#options);
      return await this.#once({
        ...verified,
        type: this.#typeOf(headers, body),
        headers,
        body,
        json: () => parsed(body),
      });
    } catch (error) {
      this.#tell(error);
      return error instanceof VerificationError ? answer(401, error.message) : answer(500, 'it could not be handled');
    }
  }

  async #once(event: Received): Promise<Answer> {
    const claimed = (await this.#replays?.claim(event.id)) ?? 'new';
    if (claimed === 'done') return answer(200, 'it was handled before');
    if (claimed === 'busy') return answer(503, 'it is being handled', { 'retry-after': '5' });
    try {
      await this.#handler(event);
    } catch (error) {
      await this.#replays?.release(event.id);
      throw error;
    }
    await this.#replays?.done(event.id);
    return answer(200, 'ok');
  }

  /** A header is not signed by `etl`, so the body is asked first. */
  #typeOf(headers: Headers, body: Uint8Array): string {
    const text = Buffer.from(body).toString('utf8');
    const inBody = text.trimStart().startsWith('{') ? typeInJson(text) : new URLSearchParams(text).get('eventType');
    const prefix = this.#options.etlPrefix ?? DEFAULT_ETL_PREFIX;
    return inBody ?? headerOf(headers, `${prefix}-Event`) ?? headerOf(headers, 'ce-type') ?? '';
  }

  #tell(problem: unknown): void {
    if (this.#options.onProblem) this.#options.onProblem(problem);
    else console.error(problem instanceof VerificationError ? `webhook refused: ${problem.message}` : problem);
  }
}

function parsed(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString('utf8'));
}

function typeInJson(text: string): string | null {
  try {
    const { eventType, type } = JSON.parse(text) as { eventType?: unknown; type?: unknown };
    if (typeof eventType === 'string') return eventType;
    return typeof type === 'string' ? type : null;
  } catch {
    // A transformed body may be anything; its signature was right.
    return null;
  }
}
