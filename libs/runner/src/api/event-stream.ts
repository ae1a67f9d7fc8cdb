import type { ServerResponse } from 'node:http';

/** A proxy or a client closes what is silent for longer. */
const HEARTBEAT_MS = 15_000;
/** A reader that takes nothing for so long has gone, or holds memory of ours for nothing. */
const MAX_STALL_MS = 30_000;

/** The text of one message (HTML, section 9.2 "Server-sent events"); JSON has no line breaks. */
export function messageText(message: { event: string; id?: number; data: unknown }): string {
  const id = message.id === undefined ? '' : `id: ${message.id}\n`;
  return `${id}event: ${message.event}\ndata: ${JSON.stringify(message.data)}\n\n`;
}

/** Server-sent events to one caller. Nothing is queued here: whoever writes waits until the caller has taken it. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #onClose: () => void;

  /** Answers 200 at once. @param onClose called once, when the stream is over for whatever reason. */
  constructor(response: ServerResponse, onClose: () => void, heartbeatMs = HEARTBEAT_MS) {
    this.#response = response;
    this.#onClose = onClose;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A process that stops waits for its connections, and this one is of no use after the stream.
      connection: 'close',
      // Otherwise nginx collects it.
      'x-accel-buffering': 'no',
    });
    response.write('retry: 1000\n\n');
    response.once('close', () => this.#closed());
    response.on('error', () => response.destroy());
    this.#heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': still here\n\n');
    }, heartbeatMs);
    // The caller may have left before this began: then nothing will say so any more.
    if (response.destroyed) queueMicrotask(() => this.#closed());
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Resolves once the caller's connection can take more; a reader that stalls is cut off. */
  async send(message: { event: string; id?: number; data: unknown }): Promise<void> {
    if (!this.isOpen || this.#response.write(messageText(message))) return;
    await new Promise<void>((resolve) => {
      const stalled = setTimeout(() => this.#response.destroy(), MAX_STALL_MS);
      const go = (): void => {
        clearTimeout(stalled);
        this.#response.off('drain', go);
        this.#response.off('close', go);
        resolve();
      };
      this.#response.once('drain', go);
      this.#response.once('close', go);
    });
  }

  end(): void {
    if (this.isOpen) this.#response.end();
  }

  #closed(): void {
    clearInterval(this.#heartbeat);
    this.#onClose();
  }
}
