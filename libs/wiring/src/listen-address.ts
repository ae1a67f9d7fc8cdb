import { createServer } from 'node:net';

/**
 * Tries to listen, and lets go again, before anything that costs is started: a port that is taken is told at once
 * and alone. Somebody may still take it in between; then the real listen fails with the same error.
 * @throws the error of the system (EADDRINUSE, EADDRNOTAVAIL, …), which startFailure tells in words.
 */
export function checkListenAddress({ host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()));
  });
}
