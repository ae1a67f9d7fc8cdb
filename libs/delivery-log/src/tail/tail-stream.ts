import type { ServerResponse } from 'node:http';

/** A proxy or a client closes what is silent for longer. */
const HEARTBEAT_MS = 15_000;
/** What a reader has not taken yet; past it he is told and cut off, so that he holds no memory of ours. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Server-sent events (HTML, section 9.2) to one follower. Nobody waits for him. */
export class TailStream {
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;
  #place = '';

  /** Answers 200 at once. @param onClose called once, when the stream is over for whatever reason. */
  constructor(response: ServerResponse, onClose: () => void, heartbeatMs = HEARTBEAT_MS) {
    this.#response = response;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // A process that stops waits for its connections, and this one is of no use after the stream.
      connection: 'close',
      // Otherwise nginx collects it.
      'x-accel-buffering': 'no',
    });
    response.write('retry: 1000\n\n');
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      clearInterval(this.#heartbeat);
      onClose();
    };
    response.once('close', over);
    response.on('error', () => response.destroy());
    // An id without data moves the reader's place and shows him nothing: who filters much still resumes near the end.
    this.#heartbeat = setInterval(() => this.#write(`id: ${this.#place}\n\n`), heartbeatMs);
    if (response.destroyed) queueMicrotask(over);
  }

  ready(id: string): void {
    this.send('ready', id, {});
  }

  send(event: string, id: string, data: unknown): void {
    this.#place = id;
    this.#write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** How far he has seen everything that is for him. */
  place(id: string): void {
    this.#place = id;
  }

  end(reason: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    this.#response.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
  }

  #write(text: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (this.#response.writableLength > MAX_WAITING_BYTES) this.end('too_slow');
    else this.#response.write(text);
  }
}
