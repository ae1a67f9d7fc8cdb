import type { CompiledStep, StepScope } from '../steps/step-type.ts';
import type { Answer } from './response.rules.ts';
import type { RunEvent } from './run-state.ts';

/** The one instant of a decision. */
export interface Moment {
  ms: number;
  iso: string;
  /** Throws when the decision has taken too long; templates are bounded one by one, their number is not. */
  checkTime?: () => void;
  /** The decision has computed so long that it should let others work before it goes on with a loop. */
  isLate?: () => boolean;
}

/** One attempt of a step that reaches outside of the process, to be performed once its start is stored. */
export interface Effect {
  step: CompiledStep;
  /** Of the step's state, see `stepKeyOf`. */
  key: string;
  attempt: number;
  /** The same on every attempt. */
  idempotencyKey: string;
  /** What its templates read, as it was when the attempt was decided. */
  scope: StepScope;
}

/** What has to happen after the events are stored. */
export type Next =
  /**
   * `effects` are to be performed; there may be none when others of the run are still in flight. Something else of the
   * run is due at `untilMs`, unless it is null.
   */
  | { kind: 'effects'; effects: readonly Effect[]; untilMs: number | null }
  | { kind: 'wait'; untilMs: number }
  /** The decision is not complete: it goes on after others have had their turn. Nothing is stored before. */
  | { kind: 'more' }
  | { kind: 'finished' };

export interface Decision {
  events: RunEvent[];
  next: Next;
  /** What the caller who waits for the run gets, when this is the decision that answers it. */
  answer: Answer | null;
  /** About the bytes of what the steps took and put out. */
  bytes: number;
  /** What has to be in libs/payloads before the events are stored that name it. */
  outputs: readonly OutputBytes[];
}

/** An output that is too large for an event. */
export interface OutputBytes {
  /** In libs/payloads. */
  id: string;
  /** JSON. */
  bytes: Buffer;
}
