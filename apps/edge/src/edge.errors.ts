import { type AppError, errorFactory, type ServiceName } from '@sluice/contracts';
import { headersTooLarge, platformError, type RequestLimits } from '@sluice/platform';

export const EDGE_ERRORS = {
  malformed_request: { status: 400, title: 'The request is not valid HTTP', retry: 'never' },
  upstream_unavailable: { status: 503, title: 'The service behind this address is unavailable', retry: 'later' },
  bad_gateway: { status: 502, title: 'The service behind this address answered wrongly', retry: 'later' },
  gateway_timeout: { status: 504, title: 'The service behind this address did not answer in time', retry: 'later' },
} as const;

export const edgeError = errorFactory(EDGE_ERRORS);

const NOT_REACHED =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_DESTROYED|UND_ERR_CLOSED)$/;

/**
 * Whether the request certainly never arrived, so that another instance may be asked. The same codes also end
 * connections that are open, where a request may have been carried out already: then the system call is another.
 */
export function isNotReached(cause: Error): boolean {
  if (cause instanceof AggregateError) return cause.errors.every((each) => each instanceof Error && isNotReached(each));
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  return (syscall === 'connect' || syscall === 'getaddrinfo') && NOT_REACHED.test(code ?? '');
}

/** What the caller is told when a service could not answer. */
export function failureOf(service: ServiceName, cause: Error): AppError {
  const code = 'code' in cause ? String(cause.code) : '';
  const extra = { cause, headers: { 'retry-after': '1' } };
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return edgeError('gateway_timeout', `${service} did not answer in time`, extra);
  if (NOT_REACHED.test(code))
    return edgeError('upstream_unavailable', `${service} cannot be reached now; try again`, extra);
  // The request may have arrived before the connection broke: whoever repeats it needs an idempotency key.
  return edgeError('bad_gateway', `${service} ended the connection before it answered`, extra);
}

/** What the HTTP parser or its time limits refuse, with the gateway's codes: both wirings answer alike. */
export type ParserLimits = Pick<RequestLimits, 'maxHeaderBytes' | 'requestTimeoutMs'>;

export function problemOfParser(code: string | undefined, limits: ParserLimits): AppError {
  if (code === 'HPE_HEADER_OVERFLOW') return platformError('headers_too_large', headersTooLarge(limits.maxHeaderBytes));
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return platformError(
      'request_timeout',
      `the request was not complete within ${limits.requestTimeoutMs / 1_000} s`,
      {
        headers: { 'retry-after': '1' },
      },
    );
  return edgeError('malformed_request', 'the request could not be read as HTTP/1.1');
}
