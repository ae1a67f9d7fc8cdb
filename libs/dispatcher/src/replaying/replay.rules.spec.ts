import { describe, expect, it } from 'vitest';
import { firstIdAt } from '@sluice/contracts';
import { exampleEndpoint, exampleEvent } from '@sluice/testing';
import type { ReplayQuery } from './replay.ts';
import { idRangeOf, replayedId, targetsOf, wireIdOf } from './replay.rules.ts';

const ALL: ReplayQuery = {
  endpointUuid: null,
  since: null,
  until: null,
  status: null,
  eventTypes: null,
  filter: null,
  eventIds: null,
};
const CREATED = Date.parse('2026-02-01T00:00:00Z');

describe('the events of a replay', () => {
  it('are a range of ids, because ids begin with the time', () => {
    expect(firstIdAt(0x0199_9999_0000)).toBe('01999999-0000-0000-0000-000000000000');
    const query = { ...ALL, since: '2026-01-01T00:00:00.001Z', until: '2026-01-02T00:00:00Z' };
    const { after, before } = idRangeOf(query, null, CREATED);
    expect(after).toBe(firstIdAt(Date.parse('2026-01-01T00:00:00.001Z')));
    expect(before).toBe(firstIdAt(Date.parse('2026-01-02T00:00:00Z')));
    expect(idRangeOf(query, 'where-it-was', CREATED).after).toBe('where-it-was');
  });

  it('end with the moment at which it was asked for, so that every replay ends', () => {
    expect(idRangeOf(ALL, null, CREATED).before).toBe(firstIdAt(CREATED + 1));
    expect(idRangeOf({ ...ALL, until: '9999-12-31T23:59:59Z' }, null, CREATED).before).toBe(firstIdAt(CREATED + 1));
    expect(idRangeOf({ ...ALL, since: '0000-01-01T00:00:00Z' }, null, CREATED).after).toBe(firstIdAt(0));
  });
});

describe('where a replay sends an event', () => {
  const endpoint = exampleEndpoint();

  it('leaves alone what is still on its way, and what is disabled', () => {
    expect(targetsOf([{ endpoint, became: 'pending' }], ALL)).toEqual([]);
    expect(targetsOf([{ endpoint: { ...endpoint, enabled: false }, became: 'failed' }], ALL)).toEqual([]);
  });

  it('takes those that ended as asked, all unless asked', () => {
    const candidates = (['succeeded', 'failed', 'discarded', 'missing'] as const).map((became) => ({
      endpoint,
      became,
    }));
    expect(targetsOf(candidates, ALL)).toHaveLength(4);
    expect(targetsOf(candidates, { ...ALL, status: ['failed'] })).toHaveLength(1);
  });

  it('gives each replay deliveries of its own, repeats none, and shows the receiver the first id', () => {
    const event = exampleEvent();
    const one = replayedId(event, endpoint.uuid, 'replay-1');
    expect(replayedId(event, endpoint.uuid, 'replay-1')).toBe(one);
    expect(replayedId(event, endpoint.uuid, 'replay-2')).not.toBe(one);
    expect(wireIdOf(event.eventId, endpoint.uuid)).not.toBe(one);
  });
});
