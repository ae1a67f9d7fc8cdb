import { connect, type Socket } from 'node:net';

/**
 * One keep-alive HTTP/1.1 connection that costs the client next to nothing: requests are ready-made bytes, and of an
 * answer only the status and the content length are read. (autocannon took a whole core of the two, which measures the
 * client.) Not an HTTP client: it understands what our own servers answer, and fails loudly on anything else.
 */
export class RawConnection {
  private socket: Socket;
  private buffered: Buffer = Buffer.alloc(0);
  private closed = false;
  private waiting: ((status: number, head: string) => void) | null = null;

  constructor(
    private readonly host: string,
    private readonly port: number,
    private readonly onBroken: () => void,
  ) {
    this.socket = this.open();
  }

  /** Sends ready-made bytes; `done` gets the status of the answer, 0 when the connection broke. */
  send(bytes: Buffer, done: (status: number, head: string) => void): void {
    if (this.waiting) throw new Error('a request is under way on this connection');
    this.waiting = done;
    this.socket.write(bytes);
  }

  get isIdle(): boolean {
    return this.waiting === null;
  }

  close(): void {
    this.closed = true;
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private open(): Socket {
    const socket = connect(this.port, this.host);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.broken());
    return socket;
  }

  private broken(): void {
    const done = this.waiting;
    this.waiting = null;
    this.buffered = Buffer.alloc(0);
    this.onBroken();
    if (this.closed) return;
    setTimeout(() => {
      if (!this.closed) this.socket = this.open();
      done?.(0, '');
    }, 20);
  }

  private read(chunk: Buffer): void {
    const data = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
    const end = data.indexOf('\r\n\r\n');
    if (end < 0) {
      this.buffered = data;
      return;
    }
    const head = data.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (!length && !head.startsWith('HTTP/1.1 204'))
      throw new Error(`an answer without content-length: ${head.slice(0, 200)}`);
    if (data.length < end + 4 + Number(length?.[1] ?? 0)) {
      this.buffered = data;
      return;
    }
    this.buffered = Buffer.alloc(0);
    const done = this.waiting;
    this.waiting = null;
    done?.(Number(head.slice(9, 12)), head);
  }
}
