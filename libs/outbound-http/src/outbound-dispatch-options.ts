import type { Dispatcher } from 'undici';

/** What our interceptors read besides undici's own options. */
export interface OutboundDispatchOptions extends Dispatcher.DispatchOptions {
  timeoutMs: number;
  maxBodyBytes: number;
  signal?: AbortSignal;
}
