import { errorFactory } from '@sluice/contracts';

/** Codes that any route can answer with. */
export const PLATFORM_ERRORS = {
  malformed_json: { status: 400, title: 'The body is not readable JSON', retry: 'never' },
  bad_request: { status: 400, title: 'The request cannot be understood', retry: 'never' },
  unauthorized: { status: 401, title: 'Credentials are missing or wrong', retry: 'never' },
  forbidden: { status: 403, title: 'The credentials do not allow this', retry: 'never' },
  not_found: { status: 404, title: 'There is nothing here', retry: 'never' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here', retry: 'never' },
  conflict: { status: 409, title: 'The request conflicts with the present state', retry: 'never' },
  gone: { status: 410, title: 'It was deleted', retry: 'never' },
  precondition_failed: { status: 412, title: 'It was changed by somebody else', retry: 'never' },
  body_too_large: { status: 413, title: 'The body is too large', retry: 'never' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported', retry: 'never' },
  too_deep: { status: 422, title: 'The JSON is nested too deep', retry: 'never' },
  too_many_keys: { status: 422, title: 'The JSON has too many keys', retry: 'never' },
  // The last one of a status is what a bare status means.
  invalid_request: { status: 422, title: 'Some values are not valid', retry: 'never' },
  too_many_requests: { status: 429, title: 'Too many requests', retry: 'later' },
  headers_too_large: { status: 431, title: 'The headers are too large', retry: 'never' },
  request_timeout: { status: 408, title: 'The request took too long to arrive', retry: 'later' },
  internal_error: { status: 500, title: 'Something went wrong here', retry: 'later' },
  bad_gateway: { status: 502, title: 'The service behind this address answered wrongly', retry: 'later' },
  too_many_connections: { status: 503, title: 'Too many connections are open', retry: 'later' },
  store_unavailable: { status: 503, title: 'The store is unavailable', retry: 'later' },
  shutting_down: { status: 503, title: 'The process is shutting down', retry: 'later' },
} as const;

export const platformError = errorFactory(PLATFORM_ERRORS);
