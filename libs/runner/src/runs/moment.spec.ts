import { expect, it } from 'vitest';
import { momentNow } from './moment.ts';

function compute(ms: number): void {
  const { user } = process.threadCpuUsage();
  while (process.threadCpuUsage().user - user < ms * 1_000);
}

it('FL-04: a decision that computes for too long is refused', () => {
  const { checkTime } = momentNow();
  expect(() => {
    for (let slices = 0; slices < 200; slices++) {
      compute(10);
      checkTime?.();
    }
  }).toThrow('more than 250 ms of computing');
});

it('FL-05: a process that stood still in the middle of a decision has not computed', () => {
  const { checkTime } = momentNow();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  checkTime?.();
  compute(20);
  expect(checkTime).not.toThrow();
});
