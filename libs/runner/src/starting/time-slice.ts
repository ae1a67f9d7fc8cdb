import { setImmediate } from 'node:timers/promises';

/** Longest piece of deciding between two turns of the event loop: in standalone, accepts wait behind it. */
const SLICE_MS = 4;

/** Call `rest()` between the pieces of a long computation. */
export class TimeSlice {
  private startMs = performance.now();

  async rest(): Promise<void> {
    if (performance.now() - this.startMs < SLICE_MS) return;
    await setImmediate();
    this.startMs = performance.now();
  }

  get isOver(): boolean {
    return performance.now() - this.startMs >= SLICE_MS;
  }
}
