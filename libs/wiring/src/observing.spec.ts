import type { HttpApp } from '@sluice/platform';
import { describe, expect, it } from 'vitest';
import { checkBus, type ObservedBus } from './observing.ts';

type Status = ReturnType<ObservedBus['statuses']>[number];

/** What /readyz says of a bus whose consumers are like this. */
function readiness(...changes: Partial<Status>[]): unknown {
  const usual = { group: 'runner', topic: 'gateway.events', joined: true, lag: 0, pausedBecause: null };
  const statuses = changes.map((change): Status => ({ ...usual, parkedStreams: 0, failed: 0, ...change }));
  let check: (() => unknown) | undefined;
  const health = { add: (_: string, added: () => unknown) => (check = added) };
  checkBus({ health } as unknown as HttpApp, { statuses: () => statuses } as ObservedBus);
  return check?.();
}

describe('/readyz of the bus', () => {
  it('is ready while all have joined, and tells of pauses', () => {
    expect(readiness({}, {})).toEqual({ ok: true });
    expect(readiness({}, { pausedBecause: 'no database' })).toMatchObject({
      ok: true,
      detail: 'paused: runner on gateway.events: no database',
    });
  });

  it('names who has not joined, and what a person has to mend', () => {
    expect(readiness({ joined: false })).toEqual({ ok: false, detail: 'not joined: runner on gateway.events' });
    expect(readiness({ joined: false, refusedBecause: 'Kafka refuses the credentials' })).toEqual({
      ok: false,
      detail: 'Kafka refuses the credentials; not joined: runner on gateway.events',
    });
  });
});
