import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LoadClient } from '../load/load-client.ts';
import type { LoadOrder, LoadResult } from '../load/load-order.ts';

/** The same load against bare Fastify, in the same run. */
export async function bareReference(order: Omit<LoadOrder, 'host' | 'port' | 'targets'>): Promise<LoadResult> {
  const child = fork(fileURLToPath(new URL('./bare-server.js', import.meta.url)), [], { stdio: 'inherit' });
  try {
    const { port } = await new Promise<{ port: number }>((resolve, reject) => {
      child.once('message', (message) => resolve(message as { port: number }));
      child.once('exit', (code) => reject(new Error(`bare Fastify ended with ${code}`)));
    });
    return await new LoadClient().run({ ...order, host: '127.0.0.1', port, targets: [{ path: '/t/x', token: null }] });
  } finally {
    child.kill();
  }
}
