import { connect, createServer, type Server, type Socket } from 'node:net';

/** What the next piece of what the client sends meets with. */
type Cut = 'before the server gets it' | 'after the server has answered';

/**
 * Stands between a store and its database and cuts a connection at an exact point: before a statement arrives, or
 * after it was carried out and before its answer gets through.
 */
export class CuttingConnection {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #armed: { cut: Cut; contains: string } | null = null;
  cuts = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#pass(client, connect(targetPort, '127.0.0.1')));
  }

  static async before(url: string): Promise<{ proxy: CuttingConnection; url: string }> {
    const target = new URL(url);
    const proxy = new CuttingConnection(Number(target.port));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    target.port = String(typeof address === 'object' && address ? address.port : 0);
    return { proxy, url: target.href };
  }

  /** Cuts the connection that next sends a piece containing this text. */
  cutNext(cut: Cut, contains: string): void {
    this.#armed = { cut, contains };
  }

  #pass(client: Socket, server: Socket): void {
    let isAnswerAwaited = false;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (piece: Buffer) => {
      const armed = this.#armed;
      if (armed && piece.includes(armed.contains)) {
        this.#armed = null;
        this.cuts++;
        if (armed.cut === 'before the server gets it') return end();
        isAnswerAwaited = true;
      }
      server.write(piece);
    });
    server.on('data', (piece: Buffer) => (isAnswerAwaited ? end() : client.write(piece)));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
