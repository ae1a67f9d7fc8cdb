import { describe, expect, it } from 'vitest';
import { topFor, windowOf } from './row-window.rules.ts';

describe('CO-02: of a list of any length only what is seen is drawn', () => {
  it('the begin, the middle and the end, with some rows around', () => {
    expect(windowOf(0, 440, 44, 100_000)).toEqual({ first: 0, end: 20 });
    expect(windowOf(44_000, 440, 44, 100_000)).toEqual({ first: 992, end: 1_020 });
    expect(windowOf(44 * 100_000, 440, 44, 100_000)).toEqual({ first: 99_992, end: 100_000 });
  });

  it('a list that became shorter than it is scrolled, an empty one, and one that bounces above its begin', () => {
    expect(windowOf(44_000, 440, 44, 10)).toEqual({ first: 10, end: 10 });
    expect(windowOf(0, 440, 44, 0)).toEqual({ first: 0, end: 0 });
    expect(windowOf(-30, 440, 44, 5)).toEqual({ first: 0, end: 5 });
  });

  it('a pixel more draws nothing anew', () => {
    expect(windowOf(44_010, 440, 44, 100_000)).toEqual(windowOf(44_040, 440, 44, 100_000));
  });

  it('a row is brought into view by the shortest way, whole and below the head', () => {
    expect(topFor(0, { top: 500, height: 438 }, 44, 38)).toBe(0);
    expect(topFor(10, { top: 500, height: 438 }, 44, 38)).toBe(440);
    expect(topFor(15, { top: 500, height: 438 }, 44, 38)).toBe(500);
    expect(topFor(30, { top: 500, height: 438 }, 44, 38)).toBe(30 * 44 + 38 + 44 - 438);
  });
});
