import type { AppError } from '@sluice/contracts';
import { type Refusal, refusalHeaders } from '../../inbound/http-reply.ts';

export const JSON_TYPE = 'application/json';

/** LC-05, word for word. */
const PAUSED =
  '{"status":200,"error":"biz_logic","message":"Flow status is `paused`. Unpause to run this flow using a webhook","data":null}';

/** Errors that the vendor knows by another status. */
const STATUS: Readonly<Record<string, number>> = {
  flow_paused: 200,
  // LC-10: whatever cannot be read is one thing.
  unsupported_content_type: 400,
  unsupported_charset: 400,
  invalid_utf8: 400,
  malformed_content_encoding: 400,
  malformed_json: 400,
  malformed_xml: 400,
  malformed_multipart: 400,
  too_deep: 400,
  too_many_keys: 400,
  too_many_fields: 400,
  too_many_parts: 400,
  // LC-13
  answer_timeout: 408,
};

/** What the profile says where the flow says nothing: the four keys of the vendor's own messages. */
export function messageText(status: number, error: string | null, message: string): string {
  return JSON.stringify({ status, error, message, data: null });
}

/** A refusal in the vendor's shape; `error` is our stable code (docs/errors.md). */
export function refusalOf(error: AppError): Refusal {
  const status = STATUS[error.code] ?? error.status;
  const text = error.code === 'flow_paused' ? PAUSED : messageText(status, error.code, error.message);
  return { status, type: JSON_TYPE, text, headers: refusalHeaders(error) };
}
