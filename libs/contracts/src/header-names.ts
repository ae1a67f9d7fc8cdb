/** RFC 9110 §5.6.2: what the name of a header may be. */
export const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110 §7.6.1, RFC 9112 §6. */
const SENDERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a header says how the message is framed and routed, in any case: only who sends it may set it. */
export function isSendersHeader(name: string): boolean {
  return SENDERS.has(name.toLowerCase());
}
