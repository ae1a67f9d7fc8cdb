import type { SentEvent } from '@sluice/contracts';
import type { Claim } from '@sluice/due-queue';
import type { EventMeta } from '@sluice/event-store';

/** A delivery whose turn it is, held by this process. */
export interface Delivery {
  deliveryId: string;
  appId: string | null;
  endpointUuid: string;
  event: SentEvent;
  meta: EventMeta;
  claim: Claim;
  /** Attempts finished so far, events of its stream so far, attempts finished in this round. */
  number: number;
  version: number;
  tries: number;
  /** The replay that asked for it. */
  replayId?: string;
}
