import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppError, TriggerState } from '@sluice/contracts';
import type { AnswerOutcome } from '../answers/answer-waiters.ts';
import type { Admission, Verdict } from './admission.ts';

/** What an accepted request is told: its run, and whether the same request started it earlier (GW-05). */
export interface Accepted {
  id: string;
  status: 'accepted' | 'previously_accepted';
}

/**
 * One way of speaking to triggers: which requests it takes and how it words its answers. Everything in between is the
 * same for all profiles (`trigger-door.ts`).
 */
export interface TriggerProfile {
  /** Only triggers of this profile are found by its paths. */
  readonly name: TriggerState['profile'];
  /** Whether `?mode=draft` means the latest draft, for a token that may edit. */
  readonly takesDrafts: boolean;
  /** How long a caller that waits is held, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** In place of the trigger's own credential check; it refuses by throwing. */
  authenticate?(admission: Admission): Verdict | Promise<Verdict>;
  /** What is left to check once the body was read. */
  checkBody?(admission: Admission): void;
  /** Whether the caller waits for the run's answer. */
  waits(admission: Admission): boolean;
  /** Answers once the request is durable. */
  accepted(admission: Admission, accepted: Accepted): void;
  /** Answers a caller that waited. */
  settled(admission: Admission, outcome: AnswerOutcome): void;
  /** Answers a request that was not accepted, whether or not its trigger was found. */
  refused(request: IncomingMessage, response: ServerResponse, error: AppError): void;
}
