import { Logger } from '@nestjs/common';
import type { FlowDefinition, RunFinished } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { migrate } from '@sluice/platform';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { SHARED_SCHEMAS } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursOf, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { MortalRunner } from './mortal-runner.fixture.ts';

let receiver: RecordingReceiver;

/** Requests that were answered with 503 once, by their idempotency key. */
const refused = new Set<unknown>();

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  receiver = await recordingReceiver({
    respond: ({ path, headers }) => {
      const key = headers['idempotency-key'];
      if (!path.endsWith('/flaky') || refused.has(key)) return { status: 200, body: path.split('/').at(-1) ?? '' };
      refused.add(key);
      return { status: 503, body: '' };
    },
  });
});

afterAll(() => receiver?.close());

type Step = { ref: string; type: string; [field: string]: unknown };
const WEBHOOK = { ref: 'web', type: 'webhook' };
const set = (ref: string, values: unknown): Step => ({ ref, type: 'set', values });
const call = (ref: string, more = {}): Step => ({
  ref,
  type: 'http',
  url: `${receiver?.url}/{{ run.id }}/${ref}`,
  ...more,
});

/** Every way in which a run may come to a stop between two steps. */
const flows = (childId: string): Record<string, { steps: Step[]; onError?: { steps: Step[] } }> => ({
  loop: {
    steps: [
      WEBHOOK,
      {
        ref: 'each',
        type: 'foreach',
        in: ['a', 'b', 'c'],
        parallel: 2,
        steps: [
          call('c', { url: `${receiver?.url}/{{ run.id }}/{{ item }}` }),
          { ref: 'nap', type: 'delay', for: 'PT0.02S' },
        ],
        collect: '{{ c.body }}',
      },
      { ref: 'told', type: 'emit', event: 'looped', data: '{{ each }}' },
      set('all', '{{ each }}'),
    ],
  },
  branches: {
    steps: [
      WEBHOOK,
      {
        ref: 'both',
        type: 'parallel',
        branches: {
          left: [call('flaky', { retry: { maxAttempts: 3, backoff: 'PT0.02S' } }), set('l', '{{ flaky.status }}')],
          right: [
            { ref: 'kind', type: 'switch', on: 1, cases: [{ equals: 1, steps: [call('one')] }] },
            set('r', '{{ one.body }}'),
          ],
        },
      },
      { ref: 'told', type: 'emit', event: 'joined', data: '{{ both }}' },
      set('out', '{{ both }}'),
    ],
  },
  child: {
    steps: [
      WEBHOOK,
      { ref: 'early', type: 'respond', body: 'thanks' },
      { ref: 'child', type: 'run_flow', flow: childId, input: 20 },
      { ref: 'told', type: 'emit', event: 'child.ended', data: '{{ child.result }}' },
      set('out', '{{ child.result }}'),
    ],
  },
  failing: {
    steps: [
      WEBHOOK,
      { ref: 'f', type: 'fail', if: '{{ web }}', message: 'first', onError: { goto: 'second' } },
      call('never'),
      { ref: 'second', type: 'fail', message: 'second' },
    ],
    onError: { steps: [call('sorry'), { ref: 'told', type: 'emit', event: 'failed', data: '{{ error.ref }}' }] },
  },
});

/** What a run came to, without what differs between two runs. */
async function outcomeOf(neighbours: Neighbours, runId: string) {
  const events = await neighbours.run(runId);
  const ends = events.filter(({ type }) => type === 'RunFinished');
  const { status, result, error } = (ends[0] as StoredEvent).data as RunFinished;
  const done = events.filter(({ type }) => type === 'StepCompleted' || type === 'EventEmitted');
  const keys = done.map(({ data }) => (data as { path?: string; ref: string }).path ?? (data as { ref: string }).ref);
  const requests = receiver.requests.filter(({ path }) => path.includes(runId));
  const calls = new Set(requests.map(({ path, headers }) => `${path.split('/').at(-1)} ${headers['idempotency-key']}`));
  return {
    status,
    result,
    error,
    done: keys.toSorted(),
    ends: ends.length,
    calls: [...calls].map((each) => each.split(' ')[0]).toSorted(),
  };
}

const isOver = async (neighbours: Neighbours, runId: string): Promise<boolean> =>
  (await neighbours.run(runId)).at(-1)?.type === 'RunFinished';

interface World {
  database: TestDatabase;
  neighbours: Neighbours;
}

/** Begins a run in a process that dies at its nth commit or call. */
async function begin({ database, neighbours }: World, flow: { id: string }, point?: number) {
  const mortal = new MortalRunner({ ...testSettings(database.url), instanceId: `mortal-${point ?? 'whole'}` }, point);
  await mortal.start();
  const runId = await neighbours.accept(flow);
  // What a dead process throws reaches nobody.
  const delivered = mortal.deliver(await neighbours.accepted(runId)).catch(() => undefined);
  void delivered;
  await Promise.race([mortal.fate.died, waitFor(() => isOver(neighbours, runId), 60_000)]);
  const { passed } = mortal.fate;
  await mortal.kill();
  return { runId, passed };
}

/** How the run ended without a crash, and how after each. */
async function walk(world: World, name: string) {
  const { database, neighbours } = world;
  const child = await neighbours.flowInRegistryOnly({
    steps: [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT0.02S' }, set('x', '{{ web + 1 }}')],
  });
  const flow = await neighbours.flowInRegistryOnly(flows(child.id)[name] as FlowDefinition);
  const whole = await begin(world, flow);
  const expected = await outcomeOf(neighbours, whole.runId);
  const heir = new MortalRunner({ ...testSettings(database.url), instanceId: 'heir' });
  await heir.start();
  const outcomes = [];
  for (let point = 1; point <= whole.passed; point++) {
    const { runId } = await begin(world, flow, point);
    // The bus delivers again what it does not know to be applied; a run that exists is left alone.
    await heir.deliver(await neighbours.accepted(runId));
    // Otherwise the next one that dies would take over what this one left, and die of that.
    await waitFor(() => isOver(neighbours, runId), 60_000);
    outcomes.push(await outcomeOf(neighbours, runId));
  }
  await heir.stop();
  return { expected, outcomes };
}

// Side by side, because most of the time a lease has to run out.
test.concurrent.each(Object.keys(flows('')))(
  'FL-05: a run ends as without a crash, wherever its process dies: %s',
  { timeout: 300_000 },
  async (name) => {
    const database = await createTestDatabase();
    await migrate(database.url, [runnerService, ...NEIGHBOURS], SHARED_SCHEMAS);
    const { neighbours, release } = await neighboursOf(database.url);
    try {
      const { expected, outcomes } = await walk({ database, neighbours }, name);
      expect(outcomes).toEqual(outcomes.map(() => expected));
      expect(outcomes.length).toBeGreaterThan(6);
    } finally {
      await release();
      await database.drop();
    }
  },
);
