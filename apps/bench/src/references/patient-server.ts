import { createServer, type Socket } from 'node:net';

/** How often one waiting connection is read from, and how much: about 50 requests, so that 2,000 a second are answered. */
const READ_EVERY_MS = 25;
const READ_BYTES = 65_536;
const REQUEST_END = '\r\n\r\n';
const REFUSAL = 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n';

/**
 * The reference for what bad tokens cost whoever they are sent to: it takes them as the gateway does (2,000 answers a
 * second, no reading from who waits) and does nothing else, so what it slows down is the machine, not the gateway.
 */
const waiting: Socket[] = [];
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  let readBytes = 0;
  socket.on('data', (chunk) => {
    readBytes += chunk.length;
    // What a paused socket has read by then comes in many small chunks.
    if (readBytes >= READ_BYTES) {
      readBytes = 0;
      socket.pause();
      waiting.push(socket);
    }
    const requests = chunk.toString('latin1').split(REQUEST_END).length - 1;
    socket.write(REFUSAL.repeat(requests));
  });
});
setInterval(() => waiting.shift()?.resume(), READ_EVERY_MS);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }));
process.on('disconnect', () => process.exit(0));
