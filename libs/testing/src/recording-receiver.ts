import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from './wait-for.ts';

export interface RecordedRequest {
  method: string;
  /** With its query string. */
  path: string;
  /** Names in lower case; of repeated ones all values, joined by a comma. */
  headers: Record<string, string>;
  body: Buffer;
  text: string;
  /** Unix time in milliseconds at which its body had arrived. */
  at: number;
}

export interface ReceiverAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  delayMs?: number;
}

/** Chooses the answer; `index` counts the requests from 0. */
export type Respond = (request: RecordedRequest, index: number) => ReceiverAnswer | Promise<ReceiverAnswer>;

export interface RecordingReceiver {
  /** http://127.0.0.1:port */
  url: string;
  port: number;
  /** All requests so far, oldest first. */
  requests: RecordedRequest[];
  /** Changes the answers from now on; 204 without a body until it is called. */
  respond(answer: Respond | ReceiverAnswer): void;
  /** Resolves with all requests once there are `count` of them. */
  waitFor(count: number, timeoutMs?: number): Promise<RecordedRequest[]>;
  clear(): void;
  close(): Promise<void>;
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers,
    body,
    text: body.toString('utf8'),
    at: Date.now(),
  };
}

async function answerWith(response: ServerResponse, answer: ReceiverAnswer): Promise<void> {
  if (answer.delayMs) await sleep(answer.delayMs);
  response.writeHead(answer.status ?? 204, answer.headers).end(answer.body);
}

/** A well-behaved HTTP receiver on a free port of 127.0.0.1 that remembers what it got. */
export async function recordingReceiver(
  options: { respond?: Respond; port?: number } = {},
): Promise<RecordingReceiver> {
  const requests: RecordedRequest[] = [];
  let count = 0;
  let choose: Respond = options.respond ?? (() => ({}));
  const server = createServer((request, response) => {
    const handle = async () => {
      const recorded = await record(request);
      requests.push(recorded);
      await answerWith(response, await choose(recorded, count++));
    };
    handle().catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    respond(answer) {
      choose = typeof answer === 'function' ? answer : () => answer;
    },
    async waitFor(wanted, timeoutMs = 30_000) {
      await waitFor(() => requests.length >= wanted, timeoutMs, `request ${wanted} (there are ${requests.length} now)`);
      return requests;
    },
    clear() {
      requests.length = 0;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}
