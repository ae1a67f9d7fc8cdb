import { describe, expect, it } from 'vitest';
import { circleOf } from './standstill.rules.ts';

const child = (runId: string, above: string, holders: string) => ({
  runId,
  above: above.split(' '),
  holders: holders.split(' ').filter(Boolean),
});
const idsOf = (queued: ReturnType<typeof child>[]) => circleOf(queued)?.map(({ runId }) => runId) ?? null;

describe('FL-07: runs that wait for places in a circle', () => {
  it('two that wait for each other', () => {
    expect(idsOf([child('b2', 'a1', 'b1'), child('a2', 'b1', 'a1')])).toEqual(['b2', 'a2']);
  });

  it('over runs in between, and three of them', () => {
    expect(idsOf([child('b2', 'a1 x1', 'b1'), child('c2', 'b1 y1', 'c1'), child('a2', 'c1', 'a1')])).toEqual([
      'b2',
      'c2',
      'a2',
    ]);
  });

  it('a run that waits for its own place is one', () => {
    expect(idsOf([child('a2', 'a1 b1', 'a1')])).toEqual(['a2']);
  });

  it('what only waits behind the circle is not in it', () => {
    expect(idsOf([child('b3', 'z1', 'b1'), child('b2', 'a1', 'b1'), child('a2', 'b1', 'a1')])).toEqual(['a2', 'b2']);
  });

  it.each([
    ['a place is free', [child('b2', 'a1', ''), child('a2', 'b1', 'a1')]],
    ['one of several who have places works', [child('b2', 'a1', 'b1 b9'), child('a2', 'b1', 'a1')]],
    ['who has the place waits for nobody', [child('b2', 'a1', 'b1')]],
    ['nobody waits', []],
  ])('none where %s', (_what, queued) => {
    expect(idsOf(queued)).toBeNull();
  });

  it('of a limit of two, where both wait', () => {
    const queued = [
      child('b3', 'a1', 'b1 b2'),
      child('a2', 'b1', 'a1'),
      child('c2', 'b2', 'c1'),
      child('b4', 'c1', 'b1 b2'),
    ];
    expect(idsOf(queued)).toEqual(['b3', 'a2']);
  });
});
