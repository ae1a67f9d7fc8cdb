import { describe, expect, it } from 'vitest';
import { comparePositions, formatPosition, parsePosition } from './position.ts';

describe('positions', () => {
  it('are ordered by epoch, then transaction, then place in the table, as numbers', () => {
    const texts = ['1:5:90', '1:10:1', '1:10:9', '1:10:10', '1:999999999999999999:1', '2:1:1', '10:1:1'];
    const positions = texts.map(parsePosition);
    expect(positions.toReversed().toSorted(comparePositions).map(formatPosition)).toEqual(texts);
    expect(comparePositions(parsePosition('1:2:3'), parsePosition('1:2:3'))).toBe(0);
  });

  it('survive being written and read, beyond 53 bits', () => {
    const position = { epoch: 3, transactionId: 2n ** 63n + 1n, position: 2n ** 62n + 1n };
    expect(parsePosition(formatPosition(position))).toEqual(position);
  });

  it('are not read out of anything else', () => {
    for (const text of ['', '1:2', '1:2:3:4', '1:-2:3', 'a:b:c', ' 1:2:3', '1.5:2:3']) {
      expect(() => parsePosition(text)).toThrow('not a position');
    }
  });
});
