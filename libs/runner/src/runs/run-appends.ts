import { derivedId, type RunAnswered } from '@sluice/contracts';
import type { EventMeta, NewEvent, StreamAppend } from '@sluice/event-store';
import type { Answer } from './response.rules.ts';
import type { RunEvent, RunState } from './run-state.ts';

/** What every event of a run carries. */
export interface RunOrigin {
  appId: string | null;
  meta: EventMeta;
}

function newEvent(origin: RunOrigin, event: { type: string; data: unknown }): NewEvent {
  return { type: event.type, appId: origin.appId, data: event.data, meta: origin.meta };
}

/** The events that moved `run` to its version, and the answer when somebody waits for it. */
export function appendsOf(
  run: RunState,
  events: readonly RunEvent[],
  origin: RunOrigin,
  answer: { replyTo: string; answer: Answer } | null,
): StreamAppend[] {
  const appends: StreamAppend[] =
    events.length === 0
      ? []
      : [
          {
            topic: 'runner.events',
            streamId: run.id,
            expectedVersion: run.version - events.length,
            events: events.map((event) => newEvent(origin, event)),
          },
        ];
  if (answer) appends.push(answerAppend(run.id, origin, answer.replyTo, answer.answer));
  return appends;
}

function answerAppend(runId: string, origin: RunOrigin, replyTo: string, answer: Answer): StreamAppend {
  const data: RunAnswered = { runId, replyTo, ...answer };
  return {
    topic: 'runner.answers',
    streamId: derivedId('answer', runId, ''),
    expectedVersion: 0,
    events: [newEvent(origin, { type: 'RunAnswered', data })],
  };
}
