import { describe, expect, it } from 'vitest';
import { KeyDirectory } from './key-directory.ts';

const endless = (): number => Number.POSITIVE_INFINITY;

describe('KeyDirectory', () => {
  it('offers a key only when it is due', () => {
    const directory = new KeyDirectory();
    directory.note('a', 1500, 1000);
    expect(directory.pick(1499, 10, endless)).toEqual([]);
    expect(directory.nextDueMs(endless)).toBe(1500);
    expect(directory.pick(1500, 10, endless).map((pick) => pick.key)).toEqual(['a']);
  });

  it('gives every key an equal share and puts those served at the end of the line', () => {
    const directory = new KeyDirectory();
    for (const key of ['a', 'b', 'c']) directory.found(key, 1, 1000);
    expect(directory.pick(1000, 10, endless, 2).map((pick) => [pick.key, pick.wanted])).toEqual([
      ['a', 5],
      ['b', 5],
    ]);
    expect(directory.pick(1000, 10, endless, 2).map((pick) => pick.key)).toEqual(['c', 'a']);
  });

  it('passes over a key without room, and does not wake for it either', () => {
    const directory = new KeyDirectory();
    directory.found('full', 1, 1000);
    directory.found('free', 900, 1000);
    const room = (key: string): number => (key === 'full' ? 0 : 3);
    expect(directory.pick(1000, 10, room)).toMatchObject([{ key: 'free', wanted: 3 }]);
    expect(directory.nextDueMs((key) => (key === 'full' ? 0 : 0))).toBeNull();
  });

  it('looks again for a row that was announced but not committed when it was claimed', () => {
    const directory = new KeyDirectory();
    directory.note('a', 1000, 1000);
    directory.pick(1000, 1, endless);
    directory.drained('a', null, 1000);
    expect(directory.nextDueMs(endless)).toBe(1002);
    directory.drained('a', null, 1002);
    expect(directory.nextDueMs(endless)).toBe(1006);
    directory.drained('a', null, 7000);
    expect(directory.nextDueMs(endless)).toBeNull();
    expect(directory.size).toBe(0);
  });

  it('moves the watermark back for a row that is due before it', () => {
    const directory = new KeyDirectory();
    directory.found('a', 100, 1000);
    directory.advance('a', 500, 9n);
    expect(directory.watermark('a').since.getTime()).toBe(500);
    directory.note('a', 500, 1000);
    expect(directory.watermark('a')).toEqual({ key: 'a', since: new Date(499), sinceNumber: 0n });
    directory.advance('a', 900, 9n);
    directory.note('a', 950, 1000);
    expect(directory.watermark('a').since.getTime()).toBe(900);
  });

  it('holds nothing for keys that are due beyond the horizon', () => {
    const directory = new KeyDirectory(60_000);
    directory.note('later', 1_000_000, 0);
    directory.found('later', 1_000_000, 0);
    expect(directory.size).toBe(0);
  });
});
