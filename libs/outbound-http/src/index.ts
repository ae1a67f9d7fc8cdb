export { AddressPolicy } from './address-policy.ts';
export type { ResolveHost } from './host-resolver.ts';
export {
  createOutboundClient,
  type OutboundAnswer,
  OutboundClient,
  type OutboundClientOptions,
  type OutboundFailure,
  type OutboundRequest,
  type OutboundResult,
  type OutboundSettings,
  outboundClientOf,
} from './outbound-client.ts';
export { type ProxyOptions } from './proxy.rules.ts';
export { retryAfterMs } from './retry-after.rules.ts';
export { headerProblem } from './safe-headers.interceptor.ts';
