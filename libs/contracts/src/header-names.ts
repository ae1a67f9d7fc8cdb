/** RFC 9110 §5.6.2: what the name of a header may be. */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Headers of one connection, not of the message, in lower case (RFC 9110 §7.6.1, RFC 9112 §6). */
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that say how a message is framed and routed, in lower case. */
export const SENDERS_HEADERS: ReadonlySet<string> = new Set([
  ...CONNECTION_HEADERS,
  'content-length',
  'expect',
  'host',
  'proxy-authorization',
]);

/** Whether a header says how the message is framed and routed, in any case: only who sends it may set it. */
export function isSendersHeader(name: string): boolean {
  return SENDERS_HEADERS.has(name.toLowerCase());
}
