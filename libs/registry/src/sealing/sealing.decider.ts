import type { SealedRef } from '@sluice/contracts';
import { MASK } from '@sluice/sealed-values';

export { MASK };

/** What has to happen to sealed values along with a change. */
export interface SealingPlan {
  /** Written in the change's own transaction. */
  seal: { ref: SealedRef; plaintext: string }[];
  /** Earlier versions go once every replica has the change. */
  supersede: SealedRef[];
  /** All versions go once every replica has the change. */
  remove: string[];
}

export function emptyPlan(): SealingPlan {
  return { seal: [], supersede: [], remove: [] };
}

/**
 * The reference that a field has after `sent`: undefined or the mask keeps it, null or empty text takes it away, any
 * other text is a new version of it.
 */
export function planField(
  stored: SealedRef | null,
  sent: string | null | undefined,
  nextId: () => string,
  plan: SealingPlan,
): SealedRef | null {
  if (sent === undefined || (sent === MASK && stored)) return stored;
  if (sent === null || sent === '') {
    if (stored) plan.remove.push(stored.id);
    return null;
  }
  const ref = stored ? { id: stored.id, version: stored.version + 1 } : { id: nextId(), version: 1 };
  plan.seal.push({ ref, plaintext: sent });
  if (stored) plan.supersede.push(ref);
  return ref;
}

export interface SealedHeader {
  key: string;
  value: SealedRef;
}

/** The headers after `sent`, which replaces the whole list; a header keeps its sealed value under its name. */
export function planHeaders(
  stored: readonly SealedHeader[],
  sent: readonly { key: string; value: string }[] | undefined,
  nextId: () => string,
  plan: SealingPlan,
): SealedHeader[] {
  if (sent === undefined) return [...stored];
  const known = new Map(stored.map((header) => [header.key.toLowerCase(), header.value]));
  const headers = sent.map(({ key, value }) => {
    const before = known.get(key.toLowerCase()) ?? null;
    known.delete(key.toLowerCase());
    if (value === MASK && before) return { key, value: before };
    const ref = before ? { id: before.id, version: before.version + 1 } : { id: nextId(), version: 1 };
    plan.seal.push({ ref, plaintext: value });
    if (before) plan.supersede.push(ref);
    return { key, value: ref };
  });
  plan.remove.push(...[...known.values()].map((ref) => ref.id));
  return headers;
}
