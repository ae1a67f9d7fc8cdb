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
} from './event-store.contract.ts';
export { AlongsideConflictError, VersionConflictError } from './event-store.errors.ts';
export { comparePositions, formatPosition, parsePosition } from './position.ts';
export { isTransientError, TransientError } from './transient-error.ts';
