import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { TailStream } from './tail-stream.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A stream and the connection that reads it, paused. */
async function streamOf(onClose: () => void = () => undefined) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  open.push(() => {
    socket.destroy();
    server.close();
  });
  const asked = once(server, 'request');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [, response] = (await asked) as [unknown, ServerResponse];
  return { socket: socket.pause(), stream: new TailStream(response, onClose) };
}

describe('LG-03: the stream of a follower', () => {
  it('carries events with their ids, and says why it ends', async () => {
    const { socket, stream } = await streamOf();
    stream.send('item', 'id-1', { a: 'x\ny' });
    stream.end('time_is_over');
    stream.send('item', 'id-2', {});
    const parts: string[] = [];
    socket.on('data', (chunk) => parts.push(String(chunk))).resume();
    await once(socket, 'close');
    const text = parts.join('');
    expect(text).toContain('id: id-1\nevent: item\ndata: {"a":"x\\ny"}\n\n');
    expect(text).toContain('event: end\ndata: {"reason":"time_is_over"}\n\n');
    expect(text).not.toContain('id-2');
  });

  it('cuts off a reader who takes nothing, after telling him, and keeps no more for him', async () => {
    const closed = Promise.withResolvers<void>();
    const { socket, stream } = await streamOf(closed.resolve);
    const item = { text: 'x'.repeat(64 * 1024) };
    for (let n = 0; n < 400; n++) stream.send('item', `id-${n}`, item);
    let tail = '';
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      tail = (tail + String(chunk)).slice(-200);
    });
    socket.resume();
    await closed.promise;
    await once(socket, 'close');
    expect(tail).toContain('event: end\ndata: {"reason":"too_slow"}');
    expect(bytes).toBeLessThan(20 * 1024 * 1024);
  });
});
