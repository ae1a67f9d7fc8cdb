import type { CompiledStep } from '../steps/step-type.ts';
import type { Answer } from './response.rules.ts';
import type { RunEvent } from './run-state.ts';

/** The one instant of a decision. */
export interface Moment {
  ms: number;
  iso: string;
  /** Throws when the decision has taken too long; templates are bounded one by one, their number is not. */
  checkTime?: () => void;
}

/** What has to happen after the events are stored. */
export type Next =
  | { kind: 'effect'; step: CompiledStep; attempt: number; idempotencyKey: string }
  | { kind: 'wait'; untilMs: number }
  | { kind: 'finished'; answer: Answer };

export interface Decision {
  events: RunEvent[];
  next: Next;
  /** About the bytes of what the steps took and put out. */
  bytes: number;
}
