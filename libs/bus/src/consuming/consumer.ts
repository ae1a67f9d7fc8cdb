import type { BatchHandler, BusEvent, ConsumeOptions, FarBehind, ForeignMessage } from '../bus.contract.ts';

export type Message = BusEvent | ForeignMessage;

/** A handler that the bus has found, with its options filled in. */
export interface Consumer {
  topic: string;
  group: string;
  mode: 'group' | 'everyInstance';
  types: ReadonlySet<string> | null;
  maxBatch: number;
  behind: FarBehind | null;
  foreign: boolean;
  handle: BatchHandler<Message>;
}

export const DEFAULT_MAX_BATCH = 500;

export function consumerOf(topic: string, options: ConsumeOptions, handle: BatchHandler<Message>): Consumer {
  return {
    topic,
    group: options.group,
    mode: options.mode ?? 'group',
    types: options.types ? new Set(options.types) : null,
    maxBatch: options.maxBatch ?? DEFAULT_MAX_BATCH,
    behind: options.behind ?? null,
    foreign: options.foreign ?? false,
    handle,
  };
}
