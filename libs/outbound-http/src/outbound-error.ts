import type { AttemptError } from '@sluice/contracts';

/** How far a request had come. */
export type Phase = 'connecting' | 'sent' | 'answering';

/** A refusal of our own; everything else comes from undici, node:net, node:tls or the resolver. */
export class OutboundError extends Error {
  readonly stage: AttemptError['stage'];
  readonly code: string;
  constructor(stage: AttemptError['stage'], code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'OutboundError';
    this.stage = stage;
    this.code = code;
  }
}

/** The response was cut at the body limit; what came before is kept and the answer counts. */
export class BodyLimitError extends Error {}

const TLS_CODE =
  /^(ERR_SSL|ERR_TLS|CERT_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|UNSPECIFIED$|HOSTNAME_MISMATCH$|CRL_|INVALID_CA$|PATH_LENGTH_EXCEEDED$)/;
const CONNECT_CODE =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EMFILE|ENFILE|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/;
const MESSAGES: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed while the request was sent',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are over the limit',
  UND_ERR_ABORTED: 'the request was given up',
  // What the libraries say of these is for programmers, or tells how Node is started.
  ERR_ASSERTION: 'the answer is not HTTP/1.1',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the port does not speak TLS',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'an authority of the certificate is not known',
  UNABLE_TO_GET_ISSUER_CERT: 'the authority of the certificate is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the authority of the certificate is not known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the authority of the certificate is not known, or the server leaves one out',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
};

/** What undici says of interim answers that it does not go on from. */
const BY_TEXT: Record<string, string> = {
  'bad response': 'the answer began with 100 Continue, which was not asked for',
  'bad upgrade': 'the answer was 101 Switching Protocols, which was not asked for',
};

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return code;
  const inner =
    error instanceof AggregateError ? error.errors.find((one: unknown) => one instanceof Error) : error.cause;
  return inner instanceof Error && inner !== error ? codeOf(inner) : error.name;
}

/** OpenSSL puts thread, code, source file and line around the one part that a person understands. */
function plain(message: string): string {
  return /:SSL routines:[^:]*:([^:\n]+):/.exec(message)?.[1] ?? message;
}

/** What an error means to the person whose endpoint it was; the stage says where to look. */
export function attemptErrorOf(thrown: unknown, phase: Phase, secure: boolean): AttemptError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof OutboundError) return { stage: error.stage, code: error.code, message: error.message };
  const code = codeOf(error);
  const message = BY_TEXT[error.message] ?? MESSAGES[code] ?? (plain(error.message) || code);
  if (TLS_CODE.test(code)) return { stage: 'tls', code, message };
  if (CONNECT_CODE.test(code)) return { stage: 'connect', code, message };
  if (phase === 'connecting') {
    // A reset before the handshake is over has no code of its own.
    return /secure TLS connection/.test(error.message) && secure
      ? { stage: 'tls', code, message: 'the TLS handshake was cut off' }
      : { stage: code.startsWith('UND_ERR_INVALID') ? 'request' : 'connect', code, message };
  }
  return { stage: code === 'EPIPE' || code.startsWith('UND_ERR_INVALID') ? 'request' : 'response', code, message };
}
