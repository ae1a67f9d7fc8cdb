import { HEADER_NAME, isSendersHeader } from '@sluice/contracts';
import type { Dispatcher } from 'undici';
import { OutboundError } from './outbound-error.ts';

/** RFC 9110 §5.5, without the obsolete line folding: no control character but tab, nothing beyond one byte. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Names that were looked at: nearly every request has the same dozen. */
const goodNames = new Set<string>();
const KEPT_NAMES = 1_000;
const MOST_HEADER_BYTES = 16 * 1024;

/** Why a header cannot be sent, or null when it can; for forms that store headers as well. */
export function headerProblem(name: string, value: string): string | null {
  if (!goodNames.has(name)) {
    if (!HEADER_NAME.test(name)) return `${JSON.stringify(name)} is not a header name`;
    if (isSendersHeader(name)) return `the header ${name} cannot be set`;
    if (goodNames.size < KEPT_NAMES) goodNames.add(name);
  }
  if (!VALUE.test(value)) return `the value of the header ${name} has characters that a header cannot carry`;
  return null;
}

/** Refuses header injection at the moment of sending, whatever was checked when the header was stored. */
export function safeHeaders(): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const flat = (options.headers ?? []) as string[];
    let bytes = 0;
    for (let index = 0; index < flat.length; index += 2) {
      const name = flat[index] as string;
      const value = flat[index + 1] as string;
      const problem = headerProblem(name, value);
      if (problem) throw new OutboundError('request', 'invalid_header', problem);
      bytes += name.length + value.length + 4;
    }
    if (bytes > MOST_HEADER_BYTES)
      throw new OutboundError(
        'request',
        'headers_too_large',
        `the request's headers are over ${MOST_HEADER_BYTES} bytes`,
      );
    return dispatch(options, handler);
  };
}
