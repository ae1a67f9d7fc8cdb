import { describe, expect, it } from 'vitest';
import { exampleEndpoint, exampleEvent } from '@sluice/testing';
import { passing } from './event-filters.ts';

const event = exampleEvent({ data: { total: 120 } });
const ENDLESS = '{% for a in range(1000) %}{% for b in range(1000) %}{{ a * b }}{% endfor %}{% endfor %}';

describe('DL-02: filters', () => {
  it('leave out what they are false for, and keep what they fail on: its delivery shows why', () => {
    const [yes, no, broken] = ['event.data.total > 100', 'event.data.total > 500', 'event.data.total / 0'].map(
      (filter) => exampleEndpoint({ filter }),
    );
    expect(
      passing(
        [yes, no, broken].flatMap((each) => each ?? []),
        event,
      ),
    ).toEqual([yes, broken]);
  });

  it('that do not compile any more count as failing', () => {
    const odd = exampleEndpoint({ filter: 'event | of_another_version' });
    expect(passing([odd], event)).toEqual([odd]);
  });

  it('of one event have a budget together: ten thousand that do too much work do not hold up the next event', () => {
    const hostile = Array.from({ length: 10_000 }, () => exampleEndpoint({ filter: ENDLESS }));
    const startedMs = performance.now();
    expect(passing(hostile, event)).toHaveLength(10_000);
    // About 30 ms; without the budget more than 5 s.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });
});
