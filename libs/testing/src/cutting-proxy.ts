import net from 'node:net';

const PRODUCE = 0; // api key of the Kafka protocol

export interface CuttingProxy {
  port: number;
  /** How often a connection was cut between the broker's answer to a produce request and the client. */
  readonly cuts: number;
  /** The next so many produce requests reach the broker, and their answers never the client. */
  cutNext(produces: number): void;
  close(): Promise<void>;
}

/** Splits a stream into Kafka's frames: four bytes of length, then as many bytes. */
class Frames {
  #rest = Buffer.alloc(0);

  push(data: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, data]);
    const frames: Buffer[] = [];
    while (this.#rest.length >= 4) {
      const end = 4 + this.#rest.readInt32BE(0);
      if (this.#rest.length < end) break;
      frames.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

/**
 * A proxy before a Kafka broker that forwards a produce request, waits until the broker has answered it, swallows the
 * answer and cuts the connection: the client cannot know that its messages were taken. kill -9 of a broker hardly ever
 * hits that moment. The client has to be told to connect here whatever address the broker's metadata names.
 */
export async function cuttingProxy(target: { host: string; port: number }): Promise<CuttingProxy> {
  let left = 0;
  let cuts = 0;
  const open = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const broker = net.connect(target);
    const doomed = new Set<number>();
    const requests = new Frames();
    const answers = new Frames();
    for (const socket of [client, broker]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        broker.destroy();
      });
      // The end of a connection is what this is about; 'close' follows and ends the other half.
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (data: Buffer) => {
      for (const frame of requests.push(data)) {
        if (left > 0 && frame.readInt16BE(4) === PRODUCE) {
          left--;
          doomed.add(frame.readInt32BE(8));
        }
        broker.write(frame);
      }
    });
    broker.on('data', (data: Buffer) => {
      for (const frame of answers.push(data)) {
        if (doomed.has(frame.readInt32BE(4))) {
          cuts++;
          client.destroy();
          return;
        }
        client.write(frame);
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    get cuts() {
      return cuts;
    },
    cutNext(produces) {
      left = produces;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
