export type { BatchHandler, BusEvent, Checkpoint, ConsumeOptions, ConsumerStatus, EventBatch, ForeignMessage } from './bus.contract.ts';
