import { expect, it } from 'vitest';
import { collectGarbage } from './collect-garbage.ts';

it('collects what nobody refers to any more, in a process started without --expose-gc', () => {
  const garbage = new WeakRef(Array.from({ length: 1000 }, (_, n) => ({ n })));
  return new Promise<void>((resolve) => {
    setImmediate(() => {
      collectGarbage();
      expect(garbage.deref()).toBeUndefined();
      resolve();
    });
  });
});
