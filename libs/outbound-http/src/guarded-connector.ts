import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.ts';
import type { ResolveHost } from './host-resolver.ts';
import { OutboundError } from './outbound-error.ts';

export interface ConnectorOptions {
  policy: AddressPolicy;
  resolve: ResolveHost;
  connectTimeoutMs: number;
  /** Certificate authorities and the like, as node:tls names them. */
  tls?: ConnectionOptions;
  onConnected(origin: string, remoteAddress: string): void;
}

type LookupCallback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/**
 * The guard at every connect: the name is resolved here, every address is judged, and the socket connects to one of
 * exactly those addresses. Nothing resolves the name a second time, so a name server that answers differently each
 * time (DNS rebinding) gains nothing.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    ...options.tls,
    allowH2: false,
    timeout: options.connectTimeoutMs,
    lookup: (hostname: string, how: LookupOptions, answer: LookupCallback) => {
      permittedAddresses(hostname, options).then(
        (addresses) => {
          const first = addresses[0] as LookupAddress;
          if (how.all) answer(null, addresses);
          else answer(null, first.address, first.family);
        },
        (error: unknown) => answer(error as Error),
      );
    },
  } as buildConnector.BuildOptions);
  return (target, answer) => {
    const hostname = target.hostname.startsWith('[') ? target.hostname.slice(1, -1) : target.hostname;
    // A literal is never looked up, so it is judged here.
    const refusal = isIP(hostname) ? options.policy.refusal(hostname) : null;
    if (refusal) {
      answer(new OutboundError('address', 'address_not_allowed', refusal), null);
      return;
    }
    connect({ ...target, hostname }, (...result) => {
      const socket = result[1];
      if (socket) options.onConnected(`${target.protocol}//${target.host}`, socket.remoteAddress ?? hostname);
      answer(...result);
    });
  };
}

/** The addresses of the name that may be called. @throws OutboundError when there is none. */
async function permittedAddresses(hostname: string, options: ConnectorOptions): Promise<LookupAddress[]> {
  let found: string[];
  try {
    found = await options.resolve(hostname);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    throw new OutboundError(
      'dns',
      typeof code === 'string' ? code : 'ENOTFOUND',
      `${hostname} could not be resolved`,
      error,
    );
  }
  const refusals = found.map((address) => options.policy.refusal(address));
  const permitted = found.filter((_, index) => refusals[index] === null);
  if (permitted.length === 0) {
    if (found.length === 0) throw new OutboundError('dns', 'ENODATA', `${hostname} has no address`);
    throw new OutboundError('address', 'address_not_allowed', `${hostname}: ${refusals[0]}`);
  }
  return permitted.map((address) => ({ address, family: isIP(address) }));
}
