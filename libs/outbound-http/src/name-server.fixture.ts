import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface NameServer {
  /** `address:port`, as a resolver wants it. */
  server: string;
  /** How often it was asked for IPv4 addresses. */
  asked: number;
  close(): Promise<void>;
}

const TYPE_A = 1;

/** A name server on UDP (RFC 1035 §4) that answers its n-th question for IPv4 with the n-th list; no address has a life. */
export async function nameServer(answers: readonly (readonly string[])[]): Promise<NameServer> {
  const socket = createSocket('udp4');
  const server: NameServer = {
    server: '',
    asked: 0,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
  socket.on('message', (query, peer) => {
    const endOfName = query.indexOf(0, 12) + 1;
    const question = query.subarray(12, endOfName + 4);
    const isA = query.readUInt16BE(endOfName) === TYPE_A;
    const addresses = isA ? (answers[Math.min(server.asked++, answers.length - 1)] ?? []) : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180, 2); // an answer, without error
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) =>
      // The name of the question, type A, class IN, time to live 0, four bytes.
      Buffer.from([0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
    );
    socket.send(Buffer.concat([head, question, ...records]), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  server.server = `127.0.0.1:${socket.address().port}`;
  return server;
}
