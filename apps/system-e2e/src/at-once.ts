import { waitFor } from '@sluice/testing';

/**
 * Whether what was answered holds: at once, unless the answer said that some process was late; then it is waited for,
 * long, because a loaded machine is no broken one.
 */
export function holds(answered: unknown, isSo: () => Promise<boolean>, what: string): Promise<boolean> {
  const isLate = (answered as { propagating?: boolean } | null)?.propagating === true;
  return isLate ? waitFor(isSo, 60_000, what) : isSo();
}
