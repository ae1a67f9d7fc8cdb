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
};

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return code;
  const inner =
    error instanceof AggregateError ? error.errors.find((one: unknown) => one instanceof Error) : error.cause;
  return inner instanceof Error && inner !== error ? codeOf(inner) : error.name;
}

/** What an error means to the person whose endpoint it was; the stage says where to look. */
export function attemptErrorOf(thrown: unknown, phase: Phase, secure: boolean): AttemptError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof OutboundError) return { stage: error.stage, code: error.code, message: error.message };
  const code = codeOf(error);
  const message = MESSAGES[code] ?? (error.message || code);
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
