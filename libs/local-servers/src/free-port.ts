import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { LocalServerError } from './local-server.errors.ts';

// Below Linux's ephemeral range (32768 and up): there the kernel may hand the port to a client socket while the server
// is down, and a client that retries it can even connect to itself. Above the ports that people choose by hand.
const LOWEST = 15_000;
const HIGHEST = 32_767;

/** Resolves to true when nobody listens on this TCP port of this address and we may. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A TCP port below 32768 that is free now. It is picked at random, so that parallel callers hardly ever meet. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (await isPortFree(port, host)) return port;
  }
  throw new LocalServerError(`no free TCP port found on ${host} between ${LOWEST} and ${HIGHEST}`);
}
