import type { EventMeta } from '@sluice/event-store';
import type { StartRequest } from './start.rules.ts';

/** A run to start, with what its events carry. JSON throughout: it may wait in a table. */
export interface PendingStart extends StartRequest {
  appId: string | null;
  meta: EventMeta;
  /** Bytes of the body that the input was read from. */
  inputBytes: number;
}
