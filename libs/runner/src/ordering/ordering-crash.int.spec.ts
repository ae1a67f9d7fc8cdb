import { Logger } from '@nestjs/common';
import { DEFAULT_APP_ID } from '@sluice/access';
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
import { MortalRunner } from '../effects/mortal-runner.fixture.ts';
import { type Neighbours, NEIGHBOURS, neighboursOf, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

let database: TestDatabase;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let release: () => Promise<void>;
let calling: { id: string };
let pure: { id: string };
let failing: { id: string };

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  await migrate(database.url, [runnerService, ...NEIGHBOURS], SHARED_SCHEMAS);
  ({ neighbours, release } = await neighboursOf(database.url));
  receiver = await recordingReceiver();
  const webhook = { ref: 'web1', type: 'webhook' };
  const call = { ref: 'res', type: 'http', method: 'POST', url: `${receiver.url}/{{ web1.n }}` };
  const emit = { ref: 'e', type: 'emit', event: 'seen' };
  calling = await neighbours.flowInRegistryOnly({ steps: [webhook, call, emit] });
  pure = await neighbours.flowInRegistryOnly({ steps: [webhook, emit] });
  failing = await neighbours.flowInRegistryOnly({ steps: [webhook, emit, call, { ref: 'f', type: 'fail' }] });
});

afterAll(async () => {
  await release?.();
  await receiver?.close();
  await database?.drop();
});

const runnerOf = (instanceId: string, point?: number, placesPerApp: number | null = null) =>
  new MortalRunner({ ...testSettings(database.url), instanceId, runsPerApp: { each: placesPerApp, ofApp: {} } }, point);

const typesOf = async (runId: string) => (await neighbours.run(runId)).map((event) => event.type);

const areOver = (runs: readonly string[]) =>
  waitFor(async () => {
    const all = await Promise.all(runs.map(typesOf));
    return all.every((types) => types.includes('RunFinished'));
  }, 30_000);

/** Where each event of these runs stands in the order of all readers. */
async function happened(runs: readonly string[]): Promise<{ id: string; type: string }[]> {
  const { rows } = await database.pool.query<{ id: string; type: string }>(
    `select stream_id as id, coalesce(h.head ->> 0, type) as type from runner.events
     left join json_array_elements(heads::json) with ordinality as h(head, place) on true
     where stream_id = any($1::uuid[]) order by epoch, transaction_id, position, place`,
    [runs],
  );
  return rows;
}

/** Equal to the runs in both when all events of each come before the first event of the next, and each ended once. */
async function turnsOf(runs: readonly string[]): Promise<{ begun: string[]; finished: string[] }> {
  const events = await happened(runs);
  return {
    begun: events.map(({ id }) => id).filter((id, index, ids) => id !== ids[index - 1]),
    finished: events.filter(({ type }) => type === 'RunFinished').map(({ id }) => id),
  };
}

async function leftOver(): Promise<unknown[]> {
  const left = 'select run_id as id from runner.ordered_runs union all select run_id from runner.ordering_heads';
  const { rows } = await database.pool.query(`${left} union all select id from runner.due`);
  return rows;
}

test.each([null, 1])(
  'GW-10, FL-07: killed at every commit and every call, runs of a key still go one after another, each once, and give their places back (places of the app: %s)',
  {
    timeout: 120_000,
  },
  async (places) => {
    for (let point = 1; ; point++) {
      receiver.clear();
      const flows = [calling, pure, failing, pure];
      const runs = await neighbours.acceptAll(
        flows.map((flow, n) => ({ flow, accept: { orderingKey: `${DEFAULT_APP_ID}/live/k${point}`, body: { n } } })),
      );
      const events = (await Promise.all(runs.map((id) => neighbours.accepted(id)))).flat();
      const mortal = runnerOf(`mortal-${point}`, point, places);
      await mortal.start();
      void mortal.deliver(events);
      await Promise.race([mortal.fate.died, areOver(runs)]);
      const survived = !mortal.fate.dead;
      await mortal.kill();
      const heir = runnerOf(`heir-${point}`, undefined, places);
      await heir.start();
      await heir.deliver(events);
      await areOver(runs);
      await waitFor(async () => (await leftOver()).length === 0, 30_000);
      await heir.stop();
      expect(await turnsOf(runs)).toEqual({ begun: runs, finished: runs });
      if (!survived) continue;
      expect(point).toBeGreaterThan(10);
      break;
    }
  },
);

/** Numbers that look random and are the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('GW-10: whatever comes in whatever batches to two runners, one of which dies, every key keeps its order', {
  timeout: 120_000,
}, async () => {
  const seed = Date.now() % 100_000;
  const random = randomOf(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  receiver.clear();
  receiver.respond(() => ({ status: 200, delayMs: Math.floor(random() * 15) }));
  const keys = ['a', 'b', 'c', 'd'];
  const requests = Array.from({ length: 160 }, (_, n) => {
    const orderingKey = random() < 0.9 ? pick(keys) : undefined;
    const accept = { body: { n }, ...(orderingKey === undefined ? {} : { orderingKey: `${seed}-${orderingKey}` }) };
    return { flow: pick([calling, pure, pure, failing]), accept };
  });
  const ids = await neighbours.acceptAll(requests);
  const runners = [runnerOf('one'), runnerOf('two', 60)] as const;
  await Promise.all(runners.map((runner) => runner.start()));
  // As Kafka does: requests of one key come to one runner, in their order; two of the four keys to each.
  const shares: string[][] = [[], []];
  for (const [index, id] of ids.entries()) {
    const key = requests[index]?.accept.orderingKey ?? '';
    shares[/[ab]$/.test(key) ? 0 : 1]?.push(id);
  }
  await Promise.all(
    shares.map(async (share, owner) => {
      for (let at = 0; at < share.length; ) {
        const size = 1 + Math.floor(random() * 20);
        const batch = (await Promise.all(share.slice(at, at + size).map((id) => neighbours.accepted(id)))).flat();
        // A batch that its runner did not live to apply goes to the other; some batches come twice.
        const died = runners[1].fate.died.then(() => 'died');
        const delivered = (runners[owner] as MortalRunner).deliver(batch).then(() => 'delivered');
        const outcome = await (owner === 1 ? Promise.race([delivered, died]) : delivered);
        if (outcome === 'died' || random() < 0.2) await runners[0].deliver(batch);
        at += size;
      }
    }),
  );
  await Promise.race([runners[1].fate.died, areOver(ids)]);
  await runners[1].kill();
  await areOver(ids);
  for (const key of keys) {
    const ofKey = ids.filter((_, index) => requests[index]?.accept.orderingKey === `${seed}-${key}`);
    expect(await turnsOf(ofKey), `seed ${seed}`).toEqual({ begun: ofKey, finished: ofKey });
  }
  expect(await leftOver()).toEqual([]);
  await runners[0].stop();
});
