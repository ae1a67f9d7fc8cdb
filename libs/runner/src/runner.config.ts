import { Injectable } from '@nestjs/common';

/** Bounds of a runner process. */
@Injectable()
export class RunnerConfig {
  /** How long a dead process keeps its runs: below the 15 s within which they go on, with room to find them. */
  leaseMs = 12_000;
  /** Effects performed straight from memory at a time; beyond that they wait in the table, where they cost nothing. */
  maxDirect = 256;
  /** Runs that came due, worked on at a time. */
  maxClaimed = 128;
  /** Of one flow, so that a flow whose receiver hangs leaves room for the others. */
  maxPerFlow = 64;
  /** Calls in flight at a shutdown may take so long to end by themselves; the process has 25 s in all. */
  finishMs = 15_000;
}
