import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { EventStream, messageText } from './event-stream.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close(() => undefined).closeAllConnections()));

function served(serve: (response: ServerResponse) => void): Promise<IncomingMessage> {
  const server = createServer((_, response) => serve(response)).listen(0, '127.0.0.1');
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.on('listening', () => {
      const caller = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, resolve);
      caller.on('error', reject);
    });
  });
}

it('a message is one block of lines, whatever its data', () => {
  expect(messageText({ event: 'step', id: 3, data: { text: 'a\nb\r\n\ndata: x' } })).toBe(
    'id: 3\nevent: step\ndata: {"text":"a\\nb\\r\\n\\ndata: x"}\n\n',
  );
});

it('what is silent is kept open by comments', async () => {
  const incoming = await served((response) => void new EventStream(response, () => undefined, 5));
  let text = '';
  for await (const chunk of incoming) {
    text += String(chunk);
    if (text.split(': still here\n\n').length > 3) break;
  }
  expect(text.startsWith('retry: 1000\n\n: still here\n\n')).toBe(true);
});

it('a slow reader slows the writer, and what it did not take is not piled up', async () => {
  let sent = 0;
  let closed: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const data = 'x'.repeat(100_000);
  const incoming = await served((response) => {
    const stream = new EventStream(response, closed);
    void (async () => {
      while (stream.isOpen) {
        await stream.send({ event: 'step', data });
        sent++;
      }
    })();
  });
  // The kernel's buffers take a few megabytes; nobody reads, so it stops there.
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(sent).toBeLessThan(500);
  incoming.destroy();
  await over;
});
