import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LoadClient } from '../load/load-client.ts';
import type { LoadOrder, LoadResult } from '../load/load-order.ts';

/** Starts a server of this folder in a process of its own and hands its port on. */
export async function beside<T>(file: string, use: (port: number) => Promise<T>): Promise<T> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], { stdio: 'inherit' });
  try {
    const { port } = await new Promise<{ port: number }>((resolve, reject) => {
      child.once('message', (message) => resolve(message as { port: number }));
      child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
    });
    return await use(port);
  } finally {
    child.kill();
  }
}

/** The same load against bare Fastify, in the same run. */
export async function bareReference(order: Omit<LoadOrder, 'host' | 'port' | 'targets'>): Promise<LoadResult> {
  const targets = [{ path: '/t/x', token: null }];
  return await beside('./bare-server.js', (port) =>
    new LoadClient().run({ ...order, host: '127.0.0.1', port, targets }),
  );
}
