import type { Position } from '@sluice/event-store';
import type { ForeignMessage } from '../bus.contract.ts';
import type { Message } from './consumer.ts';

export function isForeign(message: Message): message is ForeignMessage {
  return 'offset' in message;
}

/**
 * Where a message stands in its partition. A foreign message has only its offset; it is counted from 1, so that offset
 * 0 comes after BEGINNING.
 */
export function positionOf(message: Message): Position {
  return isForeign(message) ? { epoch: 0, transactionId: 0n, position: message.offset + 1n } : message.position;
}

export function typeOf(message: Message): string {
  return isForeign(message) ? (message.headers.ce_type ?? 'message') : message.type;
}
