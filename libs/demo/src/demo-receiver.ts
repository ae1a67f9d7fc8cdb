import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';

const MAX_BODY_BYTES = 1_048_576;

/** Standard Webhooks: `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, key is the decoded part after `whsec_`. */
export function isSignedBy(secret: string, headers: IncomingMessage['headers'], body: string): boolean {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = Buffer.from(createHmac('sha256', key).update(signed).digest('base64'));
  return String(headers['webhook-signature'] ?? '')
    .split(' ')
    .filter((part) => part.startsWith('v1,'))
    .some((part) => {
      const given = Buffer.from(part.slice(3));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** One line a delivery, as the newcomer sees it; control characters never reach the terminal. */
function lineOf(request: IncomingMessage, body: string, valid: boolean): string {
  const id = request.headers['webhook-id'] ?? '-';
  const type = request.headers['x-etl-webhook-event'] ?? '-';
  const shown = body.length > 300 ? `${body.slice(0, 300)}…` : body;
  return `delivery ${type} ${id} signature ${valid ? 'valid' : 'NOT VALID'} ${shown}`.replaceAll(/\p{Cc}/gu, ' ');
}

export interface DemoReceiver {
  url: string;
  close(): Promise<void>;
}

function listen(server: Server, port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

/** The demo's receiver on loopback: prints each delivery with the verdict on its signature. Prefers `port`, else a free one. */
export async function startDemoReceiver(options: {
  port: number;
  secret: string;
  print: (line: string) => void;
}): Promise<DemoReceiver> {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => {
        const valid = isSignedBy(options.secret, request.headers, body);
        options.print(lineOf(request, body, valid));
        response.writeHead(valid ? 204 : 401).end();
      })
      .catch((error: Error) => {
        options.print(`delivery could not be read: ${error.message}`);
        response.destroy();
      });
  });
  const port = (await listen(server, options.port)) ?? (await listen(server, 0));
  return {
    url: `http://127.0.0.1:${port}/hook`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
