import { derivedId, type DomainEventRecorded, type EndpointState, firstIdAt } from '@sluice/contracts';
import type { Replayable, ReplayQuery } from './replay.ts';

const FIRST = '00000000-0000-0000-0000-000000000000';

/** The ids from `after` (exclusive) up to `before` (exclusive) that a replay looks through. */
export function idRangeOf(
  query: ReplayQuery,
  cursor: string | null,
  createdMs: number,
): { after: string; before: string } {
  const since = query.since === null ? FIRST : firstIdAt(Date.parse(query.since));
  const before = firstIdAt(query.until === null ? createdMs + 1 : Math.min(Date.parse(query.until), createdMs + 1));
  return { after: cursor ?? since, before };
}

/** What may be planned of an event: the endpoint, and how its delivery ended (null: it goes on). */
export interface Candidate {
  endpoint: EndpointState;
  became: Replayable | 'pending';
}

/** The endpoints that a replay sends an event to. What is still on its way is left alone. */
export function targetsOf(candidates: readonly Candidate[], query: ReplayQuery): EndpointState[] {
  return candidates.flatMap(({ endpoint, became }) => {
    if (became === 'pending' || !endpoint.enabled) return [];
    return query.status === null || query.status.includes(became) ? [endpoint] : [];
  });
}

/** The id of a delivery of a replay: another one for each replay, the same however often the replay's step is repeated. */
export function replayedId(event: DomainEventRecorded, endpointUuid: string, replayId: string): string {
  return derivedId('delivery', event.eventId, endpointUuid, replayId);
}

/** What a receiver sees as the event's id: the same for the first delivery, its retries and its replays. */
export function wireIdOf(eventId: string, endpointUuid: string): string {
  return derivedId('delivery', eventId, endpointUuid);
}
