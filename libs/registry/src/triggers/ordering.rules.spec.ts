import { describe, expect, it } from 'vitest';
import { orderingOf, orderingProblems } from './ordering.rules.ts';

describe('GW-10: the ordering of a trigger', () => {
  it.each([undefined, null, 'none', 'app', 'trigger', '{{ body.id }}', '{% if query.a %}{{ headers.x }}{% endif %}'])(
    'may be %s',
    (ordering) => {
      expect(orderingProblems(ordering)).toEqual([]);
    },
  );

  it.each<[unknown, RegExp]>([
    ['App', /must be null/],
    ['', /must be null/],
    [7, /must be null/],
    [{}, /must be null/],
    ['{{ body. }}', /line 1, column/],
    ['{{ body.id | nope }}', /nope/],
    ['{{ trigger.body.id }}', /there is no "trigger"/],
    [`{{ body.${'x'.repeat(1_000)} }}`, /at most 1000/],
  ])('cannot be %s', (ordering, message) => {
    expect(orderingProblems(ordering)).toEqual([{ pointer: '/ordering', message: expect.stringMatching(message) }]);
  });

  it('LN-08: is the app for listeners and none for the others, unless it is said', () => {
    expect([orderingOf(undefined, 'listener'), orderingOf(undefined, 'native')]).toEqual(['app', null]);
    expect([orderingOf('none', 'listener'), orderingOf(null, 'listener')]).toEqual([null, null]);
    expect(orderingOf('{{ body.id }}', 'native')).toBe('{{ body.id }}');
  });
});
