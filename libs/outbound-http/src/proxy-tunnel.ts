import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { OutboundError } from './outbound-error.ts';

export interface TunnelOptions {
  proxy: URL;
  /** Name or address, without brackets. */
  hostname: string;
  port: number;
  timeoutMs: number;
  secureContext?: SecureContext;
}

const MOST_ANSWER_BYTES = 16 * 1024;

/**
 * A connection through an HTTP proxy (CONNECT, RFC 9110 §9.3.6) that is ready for the first byte to the target.
 * @throws OutboundError of stage `connect`: what the proxy did not do is no fault of the target.
 */
export function openTunnel(options: TunnelOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectToProxy(options);
    const timer = setTimeout(() => fail('proxy_timeout', `the proxy did not answer in time`), options.timeoutMs);
    let answer = Buffer.alloc(0);
    const onError = (error: Error): void => fail('proxy_unreachable', 'the proxy cannot be reached', error);
    const onEnd = (): void => fail('proxy_closed', 'the proxy closed the connection');
    const onReadable = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk; chunk = socket.read() as Buffer | null) {
        answer = Buffer.concat([answer, chunk]);
        const end = answer.indexOf('\r\n\r\n');
        if (end >= 0) return decide(end + 4);
        if (answer.length > MOST_ANSWER_BYTES) return fail('proxy_answer', 'the answer of the proxy is no HTTP');
      }
    };
    const letGo = (): void => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError);
    };
    function fail(code: string, message: string, cause?: unknown): void {
      letGo();
      socket.on('error', () => undefined).destroy();
      reject(new OutboundError('connect', code, message, cause));
    }
    function decide(headBytes: number): void {
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer.toString('latin1', 0, 15))?.[1];
      if (status === undefined) return fail('proxy_answer', 'the answer of the proxy is no HTTP');
      if (status === '407') return fail('proxy_auth', 'the proxy wants other credentials (407)');
      if (!status.startsWith('2')) return fail('proxy_refused', `the proxy refused the connection (${status})`);
      letGo();
      if (answer.length > headBytes) socket.unshift(answer.subarray(headBytes));
      resolve(socket);
    }
    socket.on('error', onError).on('end', onEnd).on('close', onEnd).on('readable', onReadable);
    socket.once(options.proxy.protocol === 'https:' ? 'secureConnect' : 'connect', () =>
      socket.write(connectRequest(options)),
    );
  });
}

function connectToProxy({ proxy, secureContext }: TunnelOptions): Socket {
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  const secure = proxy.protocol === 'https:';
  const where = { host, port: Number(proxy.port || (secure ? 443 : 80)) };
  const context = secureContext ? { secureContext } : {};
  const socket = secure ? connectTls({ ...where, servername: host, ...context }) : connectTcp(where);
  return socket.setNoDelay(true).setKeepAlive(true, 60_000);
}

function connectRequest({ proxy, hostname, port }: TunnelOptions): string {
  const authority = `${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}`;
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const credentials = proxy.username ? `proxy-authorization: Basic ${Buffer.from(user).toString('base64')}\r\n` : '';
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`;
}
