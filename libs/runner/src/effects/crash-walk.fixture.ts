import type { CallbackReceived, FlowDefinition, RunFinished } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { migrate } from '@sluice/platform';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type Respond,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { SHARED_SCHEMAS } from '@sluice/wiring';
import { type Neighbours, NEIGHBOURS, neighboursOf, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { MortalRunner } from './mortal-runner.fixture.ts';

const PATIENCE_MS = 60_000;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What is asked of a run, and what comes by the links of its waiting steps. */
export interface Walked {
  definition: FlowDefinition;
  input?: unknown;
  answers?: readonly { step: string; answer: unknown; kind?: CallbackReceived['kind'] }[];
}

/** A database with a receiver, where runs begin in processes that die. */
export interface World {
  database: TestDatabase;
  neighbours: Neighbours;
  receiver: RecordingReceiver;
  close(): Promise<void>;
}

export async function openWorld(respond: Respond): Promise<World> {
  const database = await createTestDatabase();
  await migrate(database.url, [runnerService, ...NEIGHBOURS], SHARED_SCHEMAS);
  const { neighbours, release } = await neighboursOf(database.url);
  const receiver = await recordingReceiver({ respond });
  return {
    database,
    neighbours,
    receiver,
    close: async () => {
      await release();
      await receiver.close();
      await database.drop();
    },
  };
}

/** What a run came to, without what differs between two runs. */
async function outcomeOf({ neighbours, receiver }: World, runId: string) {
  const events = await neighbours.run(runId);
  const ends = events.filter(({ type }) => type === 'RunFinished');
  const { status, result, error } = (ends[0] as StoredEvent).data as RunFinished;
  const done = events.filter(({ type }) => type === 'StepCompleted' || type === 'EventEmitted');
  const keys = done.map(({ data }) => (data as { path?: string; ref: string }).path ?? (data as { ref: string }).ref);
  // A call that was made twice has the same key both times, so it is one here.
  const calls = new Set(
    receiver.requests.map(({ path, headers }) => {
      const last = path.split('?')[0]?.split('/').at(-1) ?? '';
      return `${last} ${String(headers['idempotency-key'] ?? headers['webhook-id'])}`;
    }),
  );
  return {
    status,
    // Ids of events and runs are each run's own.
    result: JSON.parse(JSON.stringify(result).replaceAll(UUID, 'id')) as unknown,
    error,
    done: keys.toSorted(),
    ends: ends.length,
    calls: [...calls].map((each) => each.split(' ')[0]).toSorted(),
  };
}

const isOver = async (neighbours: Neighbours, runId: string): Promise<boolean> =>
  (await neighbours.run(runId)).at(-1)?.type === 'RunFinished';

/** Begins a run in a process that dies at its nth commit or call. */
async function begin(world: World, flow: { id: string }, walked: Walked, point?: number) {
  const { database, neighbours, receiver } = world;
  receiver.clear();
  const mortal = new MortalRunner({ ...testSettings(database.url), instanceId: `mortal-${point ?? 'whole'}` }, point);
  await mortal.start();
  const runId = await neighbours.accept(flow, walked.input === undefined ? {} : { body: walked.input });
  const ids = [runId];
  for (const { step, answer, kind } of walked.answers ?? []) {
    ids.push(await neighbours.callback(runId, step, answer, kind));
  }
  const events = (await Promise.all(ids.map((id) => neighbours.accepted(id)))).flat();
  // What a dead process throws reaches nobody.
  const delivered = mortal.deliver(events).catch(() => undefined);
  void delivered;
  await Promise.race([mortal.fate.died, waitFor(() => isOver(neighbours, runId), PATIENCE_MS)]);
  const { passed } = mortal.fate;
  await mortal.kill();
  return { runId, passed, events };
}

/** How the run ended without a crash, and how after each. */
export async function walk(world: World, walked: Walked) {
  const { database, neighbours } = world;
  const flow = await neighbours.flowInRegistryOnly(walked.definition);
  const whole = await begin(world, flow, walked);
  const expected = await outcomeOf(world, whole.runId);
  const heir = new MortalRunner({ ...testSettings(database.url), instanceId: 'heir' });
  await heir.start();
  const outcomes = [];
  for (let point = 1; point <= whole.passed; point++) {
    const { runId, events } = await begin(world, flow, walked, point);
    // The bus delivers again what it does not know to be applied; a run that exists is left alone.
    await heir.deliver(events);
    // Otherwise the next one that dies would take over what this one left, and die of that.
    await waitFor(() => isOver(neighbours, runId), PATIENCE_MS);
    outcomes.push(await outcomeOf(world, runId));
  }
  await heir.stop();
  return { expected, outcomes };
}
