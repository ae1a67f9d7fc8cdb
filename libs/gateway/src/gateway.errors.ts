import { type AppError, errorFactory } from '@sluice/contracts';

/** Every code the gateway answers with (platform.md GW-03). The profiles of other vendors translate them. */
export const GATEWAY_ERRORS = {
  malformed_request: { status: 400, title: 'The request is not valid HTTP', retry: 'never' },
  unauthorized: { status: 401, title: 'The credential is missing or wrong', retry: 'never' },
  forbidden: { status: 403, title: 'The credential does not allow this', retry: 'never' },
  unknown_trigger: { status: 404, title: 'There is no such trigger', retry: 'never' },
  unknown_app: { status: 404, title: 'There is no such app', retry: 'never' },
  method_not_allowed: { status: 405, title: 'The trigger does not accept this method', retry: 'never' },
  request_timeout: { status: 408, title: 'The request took too long to arrive', retry: 'later' },
  flow_paused: { status: 409, title: 'The flow is paused', retry: 'later' },
  flow_not_published: { status: 409, title: 'The flow has no published version', retry: 'later' },
  trigger_disabled: { status: 409, title: 'The trigger is disabled', retry: 'later' },
  body_too_large: { status: 413, title: 'The body is too large', retry: 'never' },
  unsupported_content_type: { status: 415, title: 'The content type is not supported', retry: 'never' },
  unsupported_charset: { status: 415, title: 'The charset is not supported', retry: 'never' },
  unsupported_content_encoding: { status: 415, title: 'The content encoding is not supported', retry: 'never' },
  malformed_json: { status: 422, title: 'The body is not valid JSON', retry: 'never' },
  malformed_xml: { status: 422, title: 'The body is not well-formed XML, or has a DOCTYPE', retry: 'never' },
  malformed_multipart: { status: 422, title: 'The body is not valid multipart/form-data', retry: 'never' },
  invalid_utf8: { status: 422, title: 'The text is not valid UTF-8', retry: 'never' },
  too_deep: { status: 422, title: 'The body is nested too deep', retry: 'never' },
  too_many_keys: { status: 422, title: 'The body has too many keys', retry: 'never' },
  too_many_fields: { status: 422, title: 'There are too many fields', retry: 'never' },
  too_many_parts: { status: 422, title: 'There are too many parts', retry: 'never' },
  invalid_ordering_key: { status: 422, title: 'The ordering key cannot be had', retry: 'never' },
  invalid_event: { status: 422, title: 'An event is not valid', retry: 'never' },
  too_many_events: { status: 422, title: 'There are too many events in the batch', retry: 'never' },
  idempotency_key_in_use: { status: 409, title: 'The same request is still being answered', retry: 'later' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used for another request', retry: 'never' },
  invalid_idempotency_key: { status: 422, title: 'The idempotency key is not valid', retry: 'never' },
  too_many_requests: { status: 429, title: 'Too many requests', retry: 'later' },
  headers_too_large: { status: 431, title: 'The headers are too large', retry: 'never' },
  run_failed: { status: 500, title: 'The run failed', retry: 'never' },
  internal_error: { status: 500, title: 'Something went wrong here', retry: 'later' },
  store_unavailable: { status: 503, title: 'The store is unavailable', retry: 'later' },
  routing_busy: { status: 503, title: 'Too many unknown triggers are being looked up', retry: 'later' },
  keys_unavailable: { status: 503, title: 'The keys of the trigger cannot be fetched', retry: 'later' },
  secret_unreadable: { status: 503, title: 'A secret of the trigger cannot be read', retry: 'later' },
  overloaded: { status: 503, title: 'Too many requests are arriving at once', retry: 'later' },
  shutting_down: { status: 503, title: 'The process is shutting down', retry: 'later' },
  answer_timeout: { status: 504, title: 'The run did not finish in time', retry: 'never' },
} as const;

export type GatewayErrorCode = keyof typeof GATEWAY_ERRORS;

export const gatewayError = errorFactory(GATEWAY_ERRORS) as (
  code: GatewayErrorCode,
  detail: string,
  extra?: Parameters<ReturnType<typeof errorFactory<typeof GATEWAY_ERRORS>>>[2],
) => AppError;
