import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.ts';
import type { ResolveHost } from './host-resolver.ts';
import { OutboundError } from './outbound-error.ts';
import { permittedAddresses } from './permitted-addresses.ts';
import { exceptionsOf, isException, type ProxyOptions } from './proxy.rules.ts';
import { openTunnel } from './proxy-tunnel.ts';

export interface ConnectorOptions {
  policy: AddressPolicy;
  resolve: ResolveHost;
  connectTimeoutMs: number;
  /** Certificate authorities and the like, as node:tls names them. */
  tls?: ConnectionOptions;
  proxy?: ProxyOptions;
  onConnected(origin: string, remoteAddress: string): void;
}

type Target = buildConnector.Options;
type LookupCallback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/** How many addresses of a name are tried through a proxy; each try costs a round trip to it. */
const MOST_TUNNELS = 3;

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
          const found = addresses.map((address) => ({ address, family: isIP(address) }));
          const first = found[0] as LookupAddress;
          if (how.all) answer(null, found);
          else answer(null, first.address, first.family);
        },
        (error: unknown) => answer(error as Error),
      );
    },
  } as buildConnector.BuildOptions);
  const tunnel = options.proxy ? tunnelConnector(options, options.proxy, connect) : null;
  const exceptions = exceptionsOf(options.proxy?.except ?? []);
  return (target, answer) => {
    const hostname = target.hostname.startsWith('[') ? target.hostname.slice(1, -1) : target.hostname;
    // A literal is never looked up, so it is judged here.
    const refusal = isIP(hostname) ? options.policy.refusal(hostname) : null;
    if (refusal) {
      answer(new OutboundError('address', 'address_not_allowed', refusal), null);
      return;
    }
    if (tunnel && !isException(hostname, exceptions)) {
      tunnel({ ...target, hostname }, answer);
      return;
    }
    connect({ ...target, hostname }, (...result) => {
      const socket = result[1];
      if (socket) options.onConnected(`${target.protocol}//${target.host}`, socket.remoteAddress ?? hostname);
      answer(...result);
    });
  };
}

/** Connects through the proxy; for https the handshake with the target goes through the tunnel, so the proxy sees none of it. */
function tunnelConnector(
  options: ConnectorOptions,
  proxy: ProxyOptions,
  connect: buildConnector.connector,
): buildConnector.connector {
  const url = new URL(proxy.url);
  return (target, answer) => {
    const { hostname } = target;
    const judged =
      proxy.resolve === 'here' && !isIP(hostname) ? permittedAddresses(hostname, options) : Promise.resolve([hostname]);
    judged
      .then((hosts) => firstTunnel(hosts, target, url, options))
      .then(
        ({ socket, host }) => {
          if (isIP(host)) options.onConnected(`${target.protocol}//${target.host}`, host);
          if (target.protocol !== 'https:') answer(null, socket);
          else connect({ ...target, httpSocket: socket }, answer);
        },
        (error: unknown) => answer(error as Error, null),
      );
  };
}

async function firstTunnel(
  hosts: readonly string[],
  target: Target,
  proxy: URL,
  options: ConnectorOptions,
): Promise<{ socket: Socket; host: string }> {
  const secureContext = options.tls?.secureContext as SecureContext | undefined;
  const port = Number(target.port || (target.protocol === 'https:' ? 443 : 80));
  const timeoutMs = options.connectTimeoutMs;
  let failure: unknown;
  for (const hostname of hosts.slice(0, MOST_TUNNELS)) {
    try {
      const more = secureContext ? { secureContext } : {};
      return { socket: await openTunnel({ proxy, hostname, port, timeoutMs, ...more }), host: hostname };
    } catch (error) {
      failure = error;
      // Another address helps only where this one could not be reached.
      if (!(error instanceof OutboundError) || error.code !== 'proxy_refused') break;
    }
  }
  throw failure;
}
