import { connect } from 'node:net';

const LONGEST_ANSWER_BYTES = 65_536;

export interface KafkaMetadata {
  clusterId: string | null;
  brokers: number;
}

/** Metadata request, version 4, for no topics: header version 1, then an empty array and no topic creation. */
function request(): Buffer {
  const clientId = Buffer.from('sluice-readiness');
  const frame = Buffer.alloc(4 + 2 + 2 + 4 + 2 + clientId.length + 4 + 1);
  let at = frame.writeInt32BE(frame.length - 4, 0);
  at = frame.writeInt16BE(3, at); // api key: Metadata
  at = frame.writeInt16BE(4, at); // api version
  at = frame.writeInt32BE(1, at); // correlation id
  at = frame.writeInt16BE(clientId.length, at);
  at += clientId.copy(frame, at);
  at = frame.writeInt32BE(0, at); // no topics
  frame.writeInt8(0, at); // do not create any
  return frame;
}

function parse(frame: Buffer): KafkaMetadata {
  let at = 4 + 4 + 4; // length, correlation id, throttle time
  const brokers = frame.readInt32BE(at);
  at += 4;
  const skipString = () => {
    const length = frame.readInt16BE(at);
    at += 2 + Math.max(length, 0);
  };
  for (let index = 0; index < brokers; index++) {
    at += 4; // node id
    skipString(); // host
    at += 4; // port
    skipString(); // rack
  }
  const length = frame.readInt16BE(at);
  return { brokers, clusterId: length < 0 ? null : frame.toString('utf8', at + 2, at + 2 + length) };
}

/** Asks a broker who it is (Kafka protocol, Metadata v4). Rejects when nobody answers within `timeoutMs`. */
export function askMetadata(port: number, timeoutMs: number): Promise<KafkaMetadata> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let received = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer on port ${port} within ${timeoutMs} ms`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`port ${port} closed the connection without an answer`)));
    socket.once('connect', () => socket.write(request()));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4) return;
      const length = received.readInt32BE(0);
      if (length >= 0 && length <= LONGEST_ANSWER_BYTES && received.length < 4 + length) return;
      try {
        resolve(parse(received));
      } catch (error) {
        reject(new Error(`port ${port} answers, but not as Kafka does`, { cause: error }));
      }
      socket.destroy();
    });
  });
}
