import type { Dispatcher } from 'undici';
import { OutboundError } from './outbound-error.ts';
import type { OutboundDispatchOptions } from './outbound-dispatch-options.ts';

const WAITING_FOR: Record<string, string> = {
  connecting: 'while connecting',
  sent: 'while waiting for the answer',
  answering: 'while reading the answer',
};

/**
 * One clock from before the name is resolved to the last byte of the body. undici's own limits count per phase, so a
 * server that drips a byte every few seconds holds a slot for ever. A request that is still queued or connecting has
 * nothing to abort: its caller is told at once, and undici is told when it comes to start it.
 */
export function deadline(): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { timeoutMs, signal } = options as OutboundDispatchOptions;
    const timed = new DeadlineHandler(handler, timeoutMs, signal ?? null);
    try {
      return dispatch(options, timed);
    } catch (error) {
      timed.refused(error as Error);
      return true;
    }
  };
}

class DeadlineHandler implements Dispatcher.DispatchHandler {
  readonly #next: Dispatcher.DispatchHandler;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | null;
  readonly #onAbort = (): void => this.#end(new OutboundError('timeout', 'aborted', 'the request was given up'));
  #controller: Dispatcher.DispatchController | null = null;
  #phase = 'connecting';
  #ended: Error | null = null;
  #done = false;

  constructor(next: Dispatcher.DispatchHandler, timeoutMs: number, signal: AbortSignal | null) {
    this.#next = next;
    this.#signal = signal;
    this.#timer = setTimeout(() => {
      this.#end(
        new OutboundError('timeout', 'deadline', `not done within ${timeoutMs} ms (${WAITING_FOR[this.#phase]})`),
      );
    }, timeoutMs);
    if (signal?.aborted) queueMicrotask(this.#onAbort);
    else signal?.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#controller = controller;
    this.#phase = 'sent';
    if (this.#ended) controller.abort(this.#ended);
    else this.#next.onRequestStart?.(controller, context);
  }

  onResponseStart(...parameters: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>): void {
    this.#phase = 'answering';
    if (!this.#ended) this.#next.onResponseStart?.(...parameters);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#ended) this.#next.onResponseData?.(controller, chunk);
  }

  onResponseEnd(...parameters: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    if (this.#finish()) this.#next.onResponseEnd?.(...parameters);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#finish()) this.#next.onResponseError?.(controller, error);
  }

  /** The request never came as far as undici's queue. */
  refused(error: Error): void {
    this.#end(error);
  }

  #end(error: Error): void {
    if (this.#done || this.#ended) return;
    this.#ended = error;
    const controller = this.#controller;
    // The callback must not come twice: undici answers the abort with an error of its own.
    if (this.#finish()) this.#next.onResponseError?.(controller as Dispatcher.DispatchController, error);
    controller?.abort(error);
  }

  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }
}
