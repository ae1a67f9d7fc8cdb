import type { Position } from '@sluice/event-store';

/** A parked event of a consumer group; `state` other than `parked` means that it no longer holds its stream back. */
export interface DeadLetter {
  id: string;
  group: string;
  topic: string;
  partition: number;
  streamId: string;
  version: number;
  type: string;
  reason: 'failed' | 'behind';
  error: { name: string; message: string } | null;
  state: 'parked' | 'handled' | 'discarded' | 'done';
  attempts: number;
  /** Version of the dead letter's own stream: how many events it has announced. */
  announced: number;
  parkedAt: Date;
  message: StoredMessage;
}

/** The whole message, enough to hand it to the handler again. */
export type StoredMessage =
  | {
      kind: 'event';
      position: Position;
      partitionKey: string;
      typeVersion: number;
      appId: string | null;
      dataJson: string;
      metaJson: string;
      occurredAt: Date;
      body: Buffer | null;
    }
  | { kind: 'foreign'; offset: bigint; key: string | null; headersJson: string; value: Buffer; timestamp: Date };

export type NewDeadLetter = Omit<DeadLetter, 'state' | 'attempts'>;

export interface DeadLetterFilter {
  group?: string;
  topic?: string;
  /** Only those still parked unless given otherwise. */
  state?: DeadLetter['state'];
  /** 100 unless given. */
  limit?: number;
}
