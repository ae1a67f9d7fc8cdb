import { Logger } from '@nestjs/common';
import { beforeAll, expect, test } from 'vitest';
import { AppLimits } from '../ordering/app-limits.ts';
import { limitKeyOf } from '../ordering/limit.rules.ts';
import type { OrderingQueue } from '../ordering/ordering-queue.ts';
import type { RunInputs } from '../runs/run-input.ts';
import type { PendingStart } from './pending-start.ts';
import type { RunStarter } from './run-starter.ts';
import { TurnStarts } from './turn-starts.ts';

beforeAll(() => Logger.overrideLogger(false));

const APP = '0193aaaa-0000-7000-8000-00000000000a';
const KEY = limitKeyOf(APP, 'flow');
const pendingOf = (runId: string): PendingStart => ({
  runId,
  appId: APP,
  flowId: 'flow',
  mode: 'live',
  input: { value: 1 },
  inputPayload: null,
  trigger: null,
  triggerId: null,
  requestId: null,
  orderingKey: null,
  queuedAt: '2026-01-01T00:00:00.000Z',
  inputBytes: 1,
  meta: { correlationId: runId, causationId: null },
});

/** A starter that the run `poison` breaks as long as it has its input, and the queue that it empties. */
function world(names: readonly string[]) {
  const waiting = names.map(pendingOf);
  const begun: string[] = [];
  const starter: Pick<RunStarter, 'flowOf' | 'startWaiting'> = {
    flowOf: () => null,
    startWaiting: async (pending) => {
      if (pending.some(({ runId, input }) => runId === 'poison' && 'value' in input)) throw new TypeError('broken');
      for (const { runId, input } of pending) {
        begun.push('problem' in input ? `${runId}: ${input.problem.code}` : runId);
        waiting.splice(
          waiting.findIndex((each) => each.runId === runId),
          1,
        );
      }
      return [];
    },
  };
  const turns = new TurnStarts({} as OrderingQueue, starter as RunStarter, {} as RunInputs, new AppLimits({}));
  return { waiting, begun, turns };
}

test('FL-07: a run that nobody can begin fails by itself, and those before and behind it are begun', async () => {
  const { waiting, begun, turns } = world(['a', 'poison', 'b']);
  while (waiting.length > 0) expect((await turns.start(KEY, [...waiting])).moved).toBe(true);
  expect(begun).toEqual(['a', 'poison: run_not_startable', 'b']);
});
