import type { Rate, RateStanding } from './fixed-windows.ts';

/** A limit that applies to a request, and where its caller stands. */
export interface AppliedRate {
  /** `address`, `trigger` or `app`. */
  name: string;
  rate: Rate;
  standing: RateStanding;
}

/** Whole seconds, never 0: who comes back after them finds the window ended. */
export function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

/**
 * The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers: lists of structured fields;
 * q quota, w window in seconds, r what is left of it, t seconds until it is full again).
 */
export function rateFields(applied: readonly AppliedRate[]): { policy: string; standing: string } {
  const policy = applied.map(({ name, rate }) => `"${name}";q=${rate.limit};w=${secondsOf(rate.windowMs)}`);
  const standing = applied.map(
    ({ name, standing: { remaining, resetMs } }) => `"${name}";r=${remaining};t=${secondsOf(resetMs)}`,
  );
  return { policy: policy.join(', '), standing: standing.join(', ') };
}

/** `1 request per second`, `300 requests per 5 minutes`. */
export function rateText({ limit, windowMs }: Rate): string {
  const seconds = windowMs / 1000;
  const [count, unit] = seconds % 60 === 0 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  const window = count === 1 ? unit : `${count} ${unit}s`;
  return `${limit} request${limit === 1 ? '' : 's'} per ${window}`;
}

const GROUPS = 8;

/** The groups of an IPv6 address, each of one to four hex digits; null when it is none. */
function groupsOf(address: string): string[] | null {
  const bare = address.split('%', 1)[0] as string;
  const [head = '', tail] = bare.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = GROUPS - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  return [...left, ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...right];
}

/**
 * Who counts as one address: an IPv4 address as it is; of an IPv6 address the first `prefixBits`, because one customer
 * gets a network of 2^64 addresses and may use another for every request.
 */
export function addressKey(address: string, prefixBits: number): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const groups = groupsOf(address);
  if (groups === null) return address;
  const kept = groups.map((group, index) => {
    const bits = Math.min(16, Math.max(0, prefixBits - index * 16));
    return Number.parseInt(group, 16) & ((0xffff << (16 - bits)) & 0xffff);
  });
  return `${kept.map((group) => group.toString(16)).join(':')}/${prefixBits}`;
}
