import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { RunAnswered } from '@sluice/contracts';
import { metrics } from '@sluice/platform';

/** How a caller's wait for its run ended. */
export type AnswerOutcome =
  | { kind: 'answered'; answer: RunAnswered }
  | { kind: 'timeout' }
  /** This process is stopping; the run goes on elsewhere. */
  | { kind: 'shutdown' }
  /** The caller went away, or its request was not accepted after all. */
  | { kind: 'cancelled' };

export interface Waiter {
  readonly outcome: Promise<AnswerOutcome>;
  cancel(): void;
}

interface Entry {
  settle(outcome: AnswerOutcome): void;
}

/**
 * The callers of this process that wait for a run, by the run's id. A waiter is registered before the event that starts
 * the run is appended, because the answer can be here before the append has returned.
 */
@Injectable()
export class AnswerWaiters implements BeforeApplicationShutdown {
  readonly #waiting = new Map<string, Entry>();
  #stopping = false;

  constructor() {
    const waiting = this.#waiting;
    metrics.gauge('sluice_gateway_waiting_callers', 'Callers that wait for the answer of a run', [], (gauge) =>
      gauge.set(waiting.size),
    );
  }

  register(runId: string, timeoutMs: number): Waiter {
    let settled: (outcome: AnswerOutcome) => void = () => undefined;
    const outcome = new Promise<AnswerOutcome>((resolve) => {
      settled = resolve;
    });
    const settle = (result: AnswerOutcome): void => {
      clearTimeout(timer);
      this.#waiting.delete(runId);
      settled(result);
    };
    const timer = setTimeout(() => settle({ kind: 'timeout' }), timeoutMs);
    if (this.#stopping) settle({ kind: 'shutdown' });
    else this.#waiting.set(runId, { settle });
    return { outcome, cancel: () => settle({ kind: 'cancelled' }) };
  }

  /** Gives an answer to whoever waits for it here; false when nobody does (any more). */
  answer(answer: RunAnswered): boolean {
    const entry = this.#waiting.get(answer.runId);
    entry?.settle({ kind: 'answered', answer });
    return entry !== undefined;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** GW-13: before the HTTP server closes, which would wait for them. */
  beforeApplicationShutdown(): void {
    this.#stopping = true;
    for (const entry of this.#waiting.values()) entry.settle({ kind: 'shutdown' });
  }
}
