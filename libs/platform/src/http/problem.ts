import { HttpException } from '@nestjs/common';
import { AppError } from '@sluice/contracts';
import { isTransientError } from '@sluice/event-store';
import { PLATFORM_ERRORS, platformError } from './platform.errors.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** problem+json as RFC 9457 has it, with our stable `code` and the list of `errors`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  instance?: string;
  /** Of what nobody foresaw: the line of the log that tells of it has the same. */
  requestId?: string;
  errors?: readonly { pointer: string; message: string }[];
}

export function problemOf(error: AppError, instance?: string, requestId?: string): Problem {
  return {
    type: `https://sluice.dev/errors#${error.code}`,
    title: error.title,
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(instance === undefined ? {} : { instance }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
  };
}

const BY_STATUS = new Map(
  Object.entries(PLATFORM_ERRORS).map(([code, definition]) => [
    definition.status as number,
    code as keyof typeof PLATFORM_ERRORS,
  ]),
);
/** Text that PostgreSQL cannot hold, such as a NUL: no door let it through knowingly, but it is the caller's. */
const NOT_STORABLE = new Set(['22021', '22P05']);
/** Codes that Fastify gives its own refusals. */
const BY_FASTIFY_CODE: Record<string, keyof typeof PLATFORM_ERRORS> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
  FST_ERR_BAD_URL: 'bad_request',
  // Nothing here has so long a name.
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
};

/** Whatever was thrown, as the AppError that the caller may see. Only what nobody foresaw becomes internal_error. */
export function appErrorOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isTransientError(error)) {
    return platformError('store_unavailable', 'the store cannot be reached now; try again', {
      headers: { 'retry-after': '1' },
      cause: error,
    });
  }
  const code = (error as { code?: unknown } | null)?.code;
  const known = typeof code === 'string' ? BY_FASTIFY_CODE[code] : undefined;
  if (known) return platformError(known, (error as Error).message);
  if (typeof code === 'string' && NOT_STORABLE.has(code))
    return platformError('invalid_request', 'the request holds a character that cannot be stored', { cause: error });
  if (error instanceof SyntaxError && (error as { statusCode?: number }).statusCode === 400) {
    return platformError('malformed_json', error.message);
  }
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  const byStatus = typeof status === 'number' && status < 500 ? BY_STATUS.get(status) : undefined;
  if (byStatus) return platformError(byStatus, (error as Error).message.replace(/^Cannot /, 'there is no '));
  return platformError('internal_error', 'the error was recorded; its request id finds it in the log', {
    cause: error,
  });
}
