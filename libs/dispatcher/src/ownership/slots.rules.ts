/** Endpoints are spread over so many slots; who holds a slot sends for its endpoints, and nobody else does. */
export const SLOTS = 256;

/** The slot of an endpoint, or of any key that begins with an endpoint's uuid: its last byte, which is random. */
export function slotOf(key: string): number {
  return Number.parseInt(key.slice(34, 36), 16);
}

/** How many slots each of so many members holds at most, when all live. */
export function fairShare(members: number): number {
  return Math.ceil(SLOTS / Math.max(1, members));
}

/** Slots that a member gives away because others came: the highest, so that what stays, stays. */
export function surplusOf(held: readonly number[], members: number): number[] {
  return [...held].sort((a, b) => a - b).slice(fairShare(members));
}
