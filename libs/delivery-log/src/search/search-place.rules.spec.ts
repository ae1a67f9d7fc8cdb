import { newId, timeOfId } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { idBound, newestFirst, pageOf, type Place } from './search-place.rules.ts';

const placeAt = (ms: number, idMs = ms): Place => ({ ms, id: newId(idMs) });

describe('LG-03: places of a search over several kinds', () => {
  it('the bound for ids leaves exactly what stands behind the place', () => {
    const others = Array.from({ length: 200 }, (_, index) => placeAt(1_000 + (index % 5)));
    for (const from of [placeAt(1_002), placeAt(1_002, 500), placeAt(1_002, 1_004), others[7] as Place]) {
      const bound = idBound(from);
      for (const other of others) expect(other.id < bound).toBe(newestFirst(from, other) < 0);
    }
  });

  it('a page ends where the kind that looked the least far stopped, and the next begins there', () => {
    const [a, b, c, d] = [placeAt(40), placeAt(30), placeAt(20), placeAt(10)];
    const reached = placeAt(25);
    expect(
      pageOf(
        [
          { places: [a, c], reached: null },
          { places: [b], reached },
          { places: [d], reached: null },
        ],
        10,
      ),
    ).toEqual({
      places: [a, b],
      next: reached,
      isCut: true,
    });
    expect(
      pageOf(
        [
          { places: [a, c, d], reached: null },
          { places: [b], reached: null },
        ],
        2,
      ),
    ).toEqual({
      places: [a, b],
      next: b,
      isCut: false,
    });
    expect(pageOf([{ places: [a], reached: null }], 2)).toEqual({ places: [a], next: null, isCut: false });
    expect(timeOfId(a.id)).toBe(40);
  });
});
