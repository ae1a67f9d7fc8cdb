import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { sampleHookPayload } from './hook-samples.ts';
import { siemPayload } from './siem.rules.ts';

const EVENT = {
  eventId: 'e-1',
  type: 'Trigger.TokenRotated',
  source: '/sluice/registry',
  sourceId: 's/1',
  subject: '3',
  time: '2026-01-02T03:04:05.000Z',
  data: { name: 'Orders', id: 'x' },
  entityId: '3',
  entityUrl: 'https://x.example/rest/v1/triggers/3',
  runId: null,
  requestId: null,
  actor: { type: 'user', id: 'u-1' },
  deliveries: [],
};

it('LU-10, LU-14: a built-in event becomes an activity with its actor, and a hash that anybody can compute', () => {
  const canonical =
    '{"data":{"id":"x","name":"Orders"},"id":"e-1","source":"/sluice/registry","subject":"3",' +
    '"time":"2026-01-02T03:04:05.000Z","type":"Trigger.TokenRotated"}';
  expect(siemPayload(EVENT)).toEqual({
    event: {
      actor: { type: 'user', id: 'u-1' },
      event_began_at: '2026-01-02T03:04:05.000Z',
      event_hash: createHash('sha256').update(canonical).digest('hex'),
      event_metadata: { name: 'Orders', id: 'x' },
      event_type: 'Trigger.TokenRotated',
      event_type_user_friendly: 'Trigger token rotated',
      outcome: 'SUCCESS',
      targets: [{ type: 'Trigger', id: '3', url: 'https://x.example/rest/v1/triggers/3' }],
    },
  });
  expect(siemPayload({ ...EVENT, type: 'Flow.Failed' })).toMatchObject({ event: { outcome: 'FAILURE' } });
});

it('LU-03: the sample has the same fields as an activity', () => {
  const { event } = sampleHookPayload('SIEM') as { event: object };
  expect(Object.keys(event).sort()).toEqual(Object.keys((siemPayload(EVENT) as { event: object }).event).sort());
});
