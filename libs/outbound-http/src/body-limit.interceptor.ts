import type { Dispatcher } from 'undici';
import type { OutboundDispatchOptions } from './outbound-dispatch-options.ts';
import { BodyLimitError } from './outbound-error.ts';

/** Reads the answer up to the limit, then ends the connection with a `BodyLimitError`: an endless body costs no memory. */
export function bodyLimit(): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { maxBodyBytes } = options as OutboundDispatchOptions;
    let left = maxBodyBytes;
    return dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onResponseStart: (...parameters) => handler.onResponseStart?.(...parameters),
      onResponseData: (controller, chunk) => {
        if (controller.aborted) return;
        if (chunk.length <= left) {
          left -= chunk.length;
          handler.onResponseData?.(controller, chunk);
          return;
        }
        if (left > 0) handler.onResponseData?.(controller, chunk.subarray(0, left));
        left = 0;
        controller.abort(new BodyLimitError(`the answer is over ${maxBodyBytes} bytes`));
      },
      onResponseEnd: (...parameters) => handler.onResponseEnd?.(...parameters),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    });
  };
}
