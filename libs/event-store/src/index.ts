export { arrayParameter, elementType } from './binary-array.ts';
export type { Blocker } from './blockers.ts';
export { EventStore, type EventStoreSettings, type EventStoreStats, type WrittenBatchFacts } from './event-store.ts';
export type {
  Alongside,
  AlongsideStatement,
  CommitUnit,
  Committed,
  EventMeta,
  EventStorePort,
  NewEvent,
  Position,
  StoredEvent,
  StreamAppend,
  StreamRange,
} from './event-store.contract.ts';
export {
  AlongsideConflictError,
  InvalidAppendError,
  StreamOutsidePartitionsError,
  VersionConflictError,
} from './event-store.errors.ts';
export { headSql, readAfterSql } from './event-reader.ts';
export { eventTablesSql, lastVersionSql, PACKING_COLUMNS, topicTables } from './event-tables.ts';
export { eventsAfter } from './packing.ts';
export { readableJson } from './json-column.ts';
export type { PartitionRange } from './partitions.ts';
export { comparePositions, formatPosition, parsePosition } from './position.ts';
export type { StoreLogger } from './store-connections.ts';
export { type EventRow, storedEvent, type StoredEventFields } from './stored-event.ts';
export { readStreamFacts, type StreamFacts } from './stream-facts.ts';
export { isTransientError, TransientError } from './transient-error.ts';
