import { describe, expect, it } from 'vitest';
import { emptyPlan, MASK, planField, planHeaders } from './sealing.decider.ts';

const nextId = (): string => 'new';
const V3 = { id: 's', version: 3 };

describe('a sealed field', () => {
  it.each([
    ['absent keeps it', V3, undefined, V3],
    ['the mask keeps it', V3, MASK, V3],
    ['absent keeps nothing', null, undefined, null],
  ])('%s', (_what, stored, sent, after) => {
    const plan = emptyPlan();
    expect(planField(stored, sent, nextId, plan)).toEqual(after);
    expect(plan).toEqual(emptyPlan());
  });

  it('null or empty text takes it away, and its sealed versions later', () => {
    for (const sent of [null, '']) {
      const plan = emptyPlan();
      expect(planField(V3, sent, nextId, plan)).toBeNull();
      expect(plan).toEqual({ seal: [], supersede: [], remove: ['s'] });
    }
  });

  it('text is a next version, or the first of a new value', () => {
    const plan = emptyPlan();
    expect(planField(V3, 'x', nextId, plan)).toEqual({ id: 's', version: 4 });
    expect(planField(null, 'y', nextId, plan)).toEqual({ id: 'new', version: 1 });
    expect(plan).toEqual({
      seal: [
        { ref: { id: 's', version: 4 }, plaintext: 'x' },
        { ref: { id: 'new', version: 1 }, plaintext: 'y' },
      ],
      supersede: [{ id: 's', version: 4 }],
      remove: [],
    });
  });
});

describe('sealed headers', () => {
  const stored = [
    { key: 'X-A', value: { id: 'a', version: 1 } },
    { key: 'X-B', value: { id: 'b', version: 2 } },
    { key: 'X-C', value: { id: 'c', version: 1 } },
  ];

  it('a list replaces the list: kept under the mask, changed, added, taken away', () => {
    const plan = emptyPlan();
    const sent = [
      { key: 'x-a', value: MASK },
      { key: 'X-B', value: 'changed' },
      { key: 'X-D', value: 'added' },
    ];
    expect(planHeaders(stored, sent, nextId, plan)).toEqual([
      { key: 'x-a', value: { id: 'a', version: 1 } },
      { key: 'X-B', value: { id: 'b', version: 3 } },
      { key: 'X-D', value: { id: 'new', version: 1 } },
    ]);
    expect(plan.seal.map((each) => each.plaintext)).toEqual(['changed', 'added']);
    expect([plan.supersede, plan.remove]).toEqual([[{ id: 'b', version: 3 }], ['c']]);
  });

  it('no list keeps the list', () => {
    expect(planHeaders(stored, undefined, nextId, emptyPlan())).toEqual(stored);
  });
});
