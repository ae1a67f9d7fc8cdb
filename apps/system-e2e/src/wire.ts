import { request } from 'node:http';
import { connect } from 'node:net';
import type { System } from '@sluice/testing';

const CONCURRENCY = 12;

export interface Sent {
  method: string;
  path: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  /** Which of this machine's addresses (127.0.0.0/8) the request comes from. */
  from?: string;
}
export interface Got {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** As node:http sends it: fetch would mend paths and methods first. */
export function send(url: string, { method, path, body, headers = {}, from }: Sent): Promise<Got> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: target.hostname,
        port: target.port,
        method,
        path,
        headers: { ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers },
        agent: false,
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Why an answer to garbage is not fit for a stranger, or null. */
export function unfit(got: Got): string | null {
  if (got.status >= 500) return `${got.status} ${got.text.slice(0, 300)}`;
  if (/\bat .*\.(ts|js|mjs):\d+/.test(got.text) || got.text.includes('node_modules'))
    return `a stack trace: ${got.text}`;
  const type = String(got.headers['content-type'] ?? '');
  if (got.status >= 400 && !type.includes('application/problem+json')) return `${got.status} as ${type}`;
  if (got.status >= 400 && !/"code":"[a-z_0-9]+"/.test(got.text)) return `${got.status} without a code: ${got.text}`;
  return null;
}

/**
 * A server that has refused a body before its end closes the connection, and the refusal may be lost under what the
 * client still writes (RFC 9112, 9.6). Clients send again then; three times in a row is a fault.
 */
async function sendAgain(...parameters: Parameters<typeof send>): ReturnType<typeof send> {
  for (let tries = 1; ; tries++) {
    try {
      return await send(...parameters);
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

/** Sends everything, a few at a time, and gives back what was answered unfit. */
export async function findUnfit(url: string, all: readonly (Sent & { name: string })[]): Promise<string[]> {
  const found: string[] = [];
  const queue = [...all];
  const worker = async (): Promise<void> => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const { method, path, name } = next;
      const reason = await sendAgain(url, next).then(unfit, (error: Error) => `no answer: ${error.message}`);
      if (reason !== null) found.push(`${method} ${path.slice(0, 120)} with ${name}: ${reason}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return found;
}

/** The bytes that come back from a socket on which `bytes` were written, until it closes. */
export function raw(system: System, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(system.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setTimeout(30_000, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined); // a reset after the answer; the close follows
    socket.on('close', () => resolve(text));
  });
}

/** One more byte every second, so that no timeout between two reads ever fires. */
export function dripUntilClosed(system: System, bytes: string): Promise<{ seconds: number; answer: string }> {
  return new Promise((resolve) => {
    const from = Date.now();
    let answer = '';
    const socket = connect(system.port, '127.0.0.1', () => socket.write(bytes));
    const drip = setInterval(() => socket.write(' '), 1_000);
    socket.setTimeout(40_000);
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined); // the close follows
    socket.on('close', () => {
      clearInterval(drip);
      resolve({ seconds: (Date.now() - from) / 1000, answer });
    });
    setTimeout(() => socket.destroy(), 45_000).unref();
  });
}
