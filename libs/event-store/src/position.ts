import type { Position } from './event-store.contract.ts';

/** Negative when a comes before b in reading order, 0 when they are the same. */
export function comparePositions(a: Position, b: Position): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  if (a.transactionId !== b.transactionId) return a.transactionId < b.transactionId ? -1 : 1;
  if (a.position !== b.position) return a.position < b.position ? -1 : 1;
  return 0;
}

/** `epoch:transaction:position`, for headers and JSON. */
export function formatPosition(position: Position): string {
  return `${position.epoch}:${position.transactionId}:${position.position}`;
}

/** @throws Error when the text is not a position. */
export function parsePosition(text: string): Position {
  const match = /^(\d+):(\d+):(\d+)$/.exec(text);
  if (!match) throw new Error(`not a position: ${text}`);
  return { epoch: Number(match[1]), transactionId: BigInt(match[2] as string), position: BigInt(match[3] as string) };
}
