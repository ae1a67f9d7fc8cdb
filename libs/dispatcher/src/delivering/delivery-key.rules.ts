import { createHash } from 'node:crypto';

/** Keys that are longer have an order. */
export const UUID_LENGTH = 36;

/**
 * The due-queue's key of a delivery: its endpoint, and for one that has an order a hash of its ordering key, which may
 * be long and is nobody's business.
 */
export function dueKeyOf(endpointUuid: string, orderingKey: string | null): string {
  if (orderingKey === null) return endpointUuid;
  return `${endpointUuid}/${createHash('sha256').update(orderingKey).digest('base64url').slice(0, 22)}`;
}

export function endpointOf(key: string): string {
  return key.slice(0, UUID_LENGTH);
}

/** Whether deliveries of the key go one after another. */
export function isOrdered(key: string): boolean {
  return key.length > UUID_LENGTH;
}
