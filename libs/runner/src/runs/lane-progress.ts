import type { RunError } from '@sluice/contracts';
import type { Lanes } from '../steps/step-type.ts';

/** How far the items of a loop, or the branches of a `parallel`, have come; in memory only. */
export interface LaneProgress {
  readonly lanes: Lanes;
  /** All before this one are done. */
  first: number;
  /** How many were begun. */
  begun: number;
  readonly done: Uint8Array;
  readonly outputs: unknown[];
  /** About the bytes of the outputs. */
  bytes: number;
  /** Why the step will fail once nothing of it is in flight any more. */
  failure: RunError | null;
}

export function newProgress(lanes: Lanes): LaneProgress {
  return {
    lanes,
    first: 0,
    begun: 0,
    done: new Uint8Array(lanes.count),
    outputs: Array.from({ length: lanes.count }),
    bytes: 0,
    failure: null,
  };
}

export function markDone(progress: LaneProgress, index: number, output: unknown): void {
  progress.done[index] = 1;
  progress.outputs[index] = output;
  while (progress.first < progress.lanes.count && progress.done[progress.first]) progress.first++;
}
