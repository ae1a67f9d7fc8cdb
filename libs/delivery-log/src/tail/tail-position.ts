import { type Topic } from '@sluice/contracts';
import { formatPosition, parsePosition, type Position } from '@sluice/event-store';

/** What is followed, in the order in which things happen. */
export const FOLLOWED: readonly Topic[] = ['gateway.events', 'runner.events', 'dispatcher.events'];

/** How far somebody has seen each of the followed topics. */
export type TailPosition = readonly Position[];

/** Opaque to the caller: `Last-Event-ID`. */
export function tailId(position: TailPosition): string {
  return position.map(formatPosition).join('_');
}

const ID = /^(?:\d{1,5}:\d{1,18}:\d{1,18}_){2}\d{1,5}:\d{1,18}:\d{1,18}$/;
const MAX_EPOCH = 32_767;

/** Null for what we did not give out. */
export function tailPositionOf(id: string): TailPosition | null {
  if (!ID.test(id)) return null;
  const positions = id.split('_').map(parsePosition);
  return positions.every(({ epoch }) => epoch <= MAX_EPOCH) ? positions : null;
}
