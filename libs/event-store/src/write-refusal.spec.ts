import { expect, it } from 'vitest';
import { WriteRefusal } from './write-refusal.ts';

it('a refusal is told until something is written, or nobody has tried for 15 s', () => {
  let nowMs = 0;
  const refusal = new WriteRefusal(() => nowMs);
  expect(refusal.reason).toBeNull();
  refusal.refused('disk full');
  nowMs = 14_000;
  expect(refusal.reason).toBe('disk full');
  refusal.refused('disk full');
  nowMs = 29_000;
  expect(refusal.reason).toBe('disk full');
  nowMs = 29_001;
  expect(refusal.reason).toBeNull();
  refusal.refused('disk full');
  refusal.written();
  expect(refusal.reason).toBeNull();
});
