import { gatewayError } from '../gateway.errors.ts';

/** DL-11: so many webhooks of Sluice may follow each other. */
export const MAX_HOPS = 8;

/**
 * How many webhooks of Sluice led to this request, by the header that it sends with each.
 * @throws AppError `loop_detected` when there were too many: something starts itself again and again.
 */
export function hopsOf(headers: Readonly<Record<string, string | string[] | undefined>>): number {
  const sent = headers['sluice-hops'];
  if (typeof sent !== 'string' || !/^\d+$/.test(sent)) return 0;
  const hops = Number(sent);
  if (hops < MAX_HOPS) return hops;
  throw gatewayError(
    'loop_detected',
    `${sent.slice(0, 20)} webhooks led to this request, one starting the next; after ${MAX_HOPS} the chain is cut.`,
  );
}
