import type { RunError, RunFinished, RunStarted } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { Decision, Moment, Next } from './decision.ts';
import { type Answer, answerOf, failedAnswer, handledAnswer, renderResponse } from './response.rules.ts';
import type { RunState } from './run-state.ts';
import type { RunWalk } from './run-walk.rules.ts';
import { errorOf, type Stop } from './stop.rules.ts';

export function finishedOf(
  started: RunStarted,
  flowNumber: number,
  moment: Moment,
  status: RunFinished['status'],
  result: unknown,
  error: RunError | null,
): RunFinished {
  const { number, flowId, flowVersion, triggerId, startedAt } = started;
  return {
    status,
    number,
    flowId,
    flowNumber,
    flowVersion,
    triggerId,
    result,
    error,
    startedAt,
    finishedAt: moment.iso,
  };
}

/** What a walk that came to a stop, or through all steps (null), leads to. */
export class RunEnd {
  private readonly walk: RunWalk;
  private readonly flow: CompiledFlow;
  private readonly started: RunStarted;

  constructor(walk: RunWalk, flow: CompiledFlow, started: RunStarted) {
    this.walk = walk;
    this.flow = flow;
    this.started = started;
  }

  decide(stop: Stop | null): Decision {
    if (stop?.kind === 'pending' || stop?.kind === 'more') return this.decision(this.pending(stop), null);
    if (stop?.kind === 'stopped' || this.walk.run.cancelRequestedAt !== null) return this.cancelled();
    if (stop === null) return this.succeeded();
    return this.failed(stop.error);
  }

  cancelled(): Decision {
    const error = { code: 'run_cancelled', message: 'the run was cancelled', ref: null };
    return this.finish('cancelled', null, null, failedAnswer('cancelled', error));
  }

  private pending(stop: Stop): Next {
    const { effects, untilMs, moment } = this.walk;
    // An effect that was begun cannot be begun again, so it is stored before the computing goes on.
    if (stop.kind === 'more' && effects.length === 0) return { kind: 'more' };
    if (stop.kind === 'more') return { kind: 'effects', effects, untilMs: moment.ms };
    if (effects.length > 0 || this.walk.hasInFlight) return { kind: 'effects', effects, untilMs };
    if (untilMs === null) throw new Error('a run waits for nothing');
    return { kind: 'wait', untilMs };
  }

  private succeeded(): Decision {
    const { walk } = this;
    try {
      const response = renderResponse(this.flow.response, walk.scope);
      const result = response.value === undefined ? storedOr(walk.run, walk.last) : response.value;
      return this.finish('succeeded', result ?? null, null, answerOf(response, result));
    } catch (error) {
      return this.failedFor(errorOf(error, null));
    }
  }

  /** The flow's own `onError` has its say first. */
  private failed(error: RunError): Decision {
    const { onError } = this.flow;
    if (onError === null) return this.failedFor(error);
    const { walk } = this;
    walk.scope.context.error = error;
    const stop = walk.block(onError.steps);
    if (stop?.kind === 'pending' || stop?.kind === 'more') return this.decision(this.pending(stop), null);
    if (stop?.kind === 'stopped') return this.cancelled();
    if (stop !== null || onError.response === null) return this.failedFor(error);
    try {
      const answer = handledAnswer(renderResponse(onError.response, walk.scope), error);
      return this.finish('failed', null, error, answer);
    } catch (thrown) {
      return this.failedFor(errorOf(thrown, null));
    }
  }

  private failedFor(error: RunError): Decision {
    return this.finish('failed', null, error, failedAnswer('failed', error));
  }

  private finish(status: RunFinished['status'], result: unknown, error: RunError | null, answer: Answer): Decision {
    const { walk } = this;
    const data = finishedOf(this.started, this.flow.number, walk.moment, status, result, error);
    walk.record.push({ type: 'RunFinished', data });
    return this.decision({ kind: 'finished' }, walk.run.responded ? null : answer);
  }

  private decision(next: Next, answer: Answer | null): Decision {
    const { record, run } = this.walk;
    const { events, outputs } = record;
    return { events, next, answer: this.walk.answer ?? answer, bytes: run.memory.bytes?.written ?? 0, outputs };
  }
}

/** A list that is too large for an event is one in the run's end, too, and in an answer: then both name the file. */
function storedOr({ steps, memory }: RunState, last: unknown): unknown {
  if (!memory.bytes?.stored) return last;
  return [...steps.values()].find(({ stored, output }) => stored !== undefined && output === last)?.stored ?? last;
}
