import type { SentEvent } from '@sluice/contracts';
import { createHash } from 'node:crypto';

/** LU-14: an activity event as a SIEM endpoint is sent it (LU-10). */
export function siemPayload(event: SentEvent): unknown {
  return {
    event: {
      actor: event.actor ?? { type: 'system', id: event.source },
      event_began_at: event.time,
      event_hash: eventHash(event),
      event_metadata: event.data,
      event_type: event.type,
      event_type_user_friendly: friendly(event.type),
      outcome: event.type.endsWith('.Failed') ? 'FAILURE' : 'SUCCESS',
      targets: [{ type: event.type.split('.')[0] ?? event.type, id: event.entityId, url: event.entityUrl }],
    },
  };
}

/** SHA-256, lower-case hex, over the event as JSON with its keys in order: the same for whoever computes it again. */
export function eventHash(event: SentEvent): string {
  const { eventId, type, source, time, subject, data } = event;
  const canonical = JSON.stringify(sorted({ id: eventId, type, source, time, subject, data }));
  return createHash('sha256').update(canonical.toWellFormed()).digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

/** `Trigger.TokenRotated` reads "Trigger token rotated". */
function friendly(type: string): string {
  const words = type
    .replaceAll('.', ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
