import { Logger } from '@nestjs/common';
import type { RunFinished, StepAnswered } from '@sluice/contracts';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { SHARED_SCHEMAS } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MortalRunner } from '../effects/mortal-runner.fixture.ts';
import { type Neighbours, NEIGHBOURS, neighboursOf, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

let database: TestDatabase;
let neighbours: Neighbours;
let release: () => Promise<void>;

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  await migrate(database.url, [runnerService, ...NEIGHBOURS], SHARED_SCHEMAS);
  ({ neighbours, release } = await neighboursOf(database.url));
});
afterAll(async () => {
  await release?.();
  await database?.drop();
});

const eventsOf = async (runId: string, type: string) =>
  (await neighbours.run(runId)).filter((event) => event.type === type);

/** A run whose callbacks come while its runner dies at the given point; an heir finishes it. */
async function answeredWhileDyingAt(
  point: number,
  flow: { id: string },
): Promise<{ runId: string; survived: boolean }> {
  const settings = testSettings(database.url);
  const runId = await neighbours.accept(flow);
  const callbacks = [await neighbours.callback(runId, 'one', 1), await neighbours.callback(runId, 'two', 2)];
  const events = (await Promise.all([runId, ...callbacks].map((id) => neighbours.accepted(id)))).flat();
  const mortal = new MortalRunner({ ...settings, instanceId: `mortal-${point}` }, point);
  await mortal.start();
  void mortal.deliver(events.slice(0, 1)).then(() => mortal.deliver(events.slice(1)));
  const finished = waitFor(async () => (await eventsOf(runId, 'RunFinished')).length > 0, 30_000);
  await Promise.race([mortal.fate.died, finished]);
  const survived = !mortal.fate.dead;
  await mortal.kill();
  const heir = new MortalRunner({ ...settings, instanceId: `heir-${point}` });
  await heir.start();
  // The bus delivers again what it does not know to be applied.
  await heir.deliver(events);
  await finished;
  await heir.stop();
  return { runId, survived };
}

test('FL-02, FL-05: whenever the runner dies, a callback that was accepted is given to its step, once', {
  timeout: 120_000,
}, async () => {
  const flow = await neighbours.flowInRegistryOnly({
    steps: [
      { ref: 'one', type: 'wait_for_callback' },
      { ref: 'two', type: 'approval' },
      { ref: 'end', type: 'set', values: { one: '{{ one }}', two: '{{ two.approved }}' } },
    ],
  });
  let survived = false;
  let point = 0;
  while (!survived) {
    const { runId, survived: lived } = await answeredWhileDyingAt(++point, flow);
    survived = lived;
    const [finished, ...more] = await eventsOf(runId, 'RunFinished');
    expect(more).toEqual([]);
    expect(finished?.data as RunFinished).toMatchObject({ result: { one: 1, two: null } });
    const answers = (await eventsOf(runId, 'StepAnswered')).map((event) => (event.data as StepAnswered).ref);
    expect(answers).toEqual(['one', 'two']);
  }
  expect(point).toBeGreaterThanOrEqual(8);
  expect((await database.pool.query('select 1 from runner.due')).rowCount).toBe(0);
});
