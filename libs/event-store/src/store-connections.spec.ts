import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoreConnections } from './store-connections.ts';

/** A message of PostgreSQL's protocol 3.0: type, length, content. */
function message(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, content]);
}
const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const ENDED = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'),
);

let server: Server;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, ENDED])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

it('OP-05: a connection that PostgreSQL ends with the packet that says it is ready is refused to its taker, and ends nothing else', async () => {
  const warnings: string[] = [];
  const connections = new StoreConnections({
    schema: 'runner',
    connection: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: 'sluice', ssl: false },
    purpose: 'append',
    size: 1,
    transactionTimeoutMs: 0,
    idleTimeoutMs: 0,
    logger: { log: () => undefined, warn: (text) => warnings.push(text) },
  });
  await expect(connections.connect()).rejects.toThrow();
  expect(warnings.join('\n')).toContain('unexpected postmaster exit');
  await connections.end();
});
