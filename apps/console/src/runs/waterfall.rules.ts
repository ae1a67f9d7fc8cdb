/** A step of a run, as far as its place in time is concerned. */
export interface TimedStep {
  ref: string;
  path?: string | undefined;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface TimedRun<Step extends TimedStep> {
  queuedAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  steps: readonly Step[];
}

/** A bar, in shares of the whole from 0 to 1. */
export interface Bar<Step extends TimedStep> {
  step: Step;
  from: number;
  width: number;
  ms: number;
  /** How many loops it stands in. */
  depth: number;
}

export interface Waterfall<Step extends TimedStep> {
  /** The time before the first step (FL-09); null when the run has not begun. */
  queue: { width: number; ms: number } | null;
  bars: Bar<Step>[];
  wholeMs: number;
}

/** Bars of a moment are still seen. */
const LEAST = 0.004;
const clamp = (share: number): number => Math.min(1, Math.max(0, share));

/**
 * The steps of a run along its time, from when it was queued to its end.
 * @param nowMs for what goes on: Unix milliseconds.
 */
export function waterfallOf<Step extends TimedStep>(run: TimedRun<Step>, nowMs: number): Waterfall<Step> {
  const queuedMs = Date.parse(run.queuedAt);
  const startedMs = run.startedAt === null ? null : Date.parse(run.startedAt);
  const endMs = run.finishedAt === null ? nowMs : Date.parse(run.finishedAt);
  const ends = run.steps.map(({ finishedAt }) => (finishedAt === null ? endMs : Date.parse(finishedAt)));
  // Clocks of two machines may disagree by a little: nothing is drawn outside.
  const lastMs = Math.max(endMs, ...ends, startedMs ?? 0, queuedMs);
  const wholeMs = Math.max(1, lastMs - queuedMs);
  const bars = run.steps.map((step) => {
    const fromMs = step.startedAt === null ? queuedMs : Date.parse(step.startedAt);
    const toMs = step.finishedAt === null ? endMs : Date.parse(step.finishedAt);
    const from = Math.min(clamp((fromMs - queuedMs) / wholeMs), 1 - LEAST);
    const width = Math.max(LEAST, Math.min(clamp((toMs - fromMs) / wholeMs), 1 - from));
    const depth = (step.path?.match(/\[/g) ?? []).length;
    return { step, from, width, ms: Math.max(0, toMs - fromMs), depth };
  });
  if (startedMs === null) return { queue: { width: 1, ms: wholeMs }, bars, wholeMs };
  const queueMs = Math.max(0, startedMs - queuedMs);
  return { queue: { width: clamp(queueMs / wholeMs), ms: queueMs }, bars, wholeMs };
}
