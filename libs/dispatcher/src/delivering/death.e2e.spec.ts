import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type RecordedRequest,
  type RecordingReceiver,
  recordingReceiver,
  startChildProgram,
  temporaryPostgres,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';

const CHILD = fileURLToPath(new URL('./mortal-dispatcher.fixture.ts', import.meta.url));
const SUBJECTS = ['a', 'b', 'c'];
const ENDPOINTS = 6;
const CAP = 2;

let postgres: Awaited<ReturnType<typeof temporaryPostgres>>;
let pool: pg.Pool;
let receiver: RecordingReceiver;
let running: RunningServices | undefined;
let child: ChildProcess | undefined;

beforeEach(async () => {
  postgres = await temporaryPostgres();
  pool = new pg.Pool({ connectionString: postgres.server.url, max: 2 });
  receiver = await recordingReceiver();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await running?.close();
  await receiver?.close();
  await pool?.end();
  await postgres?.remove();
});

async function slotsByOwner(): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ owner: string; count: number }>(
    'select owner, count(*)::int as count from dispatcher.slots where owner is not null group by owner',
  );
  return Object.fromEntries(rows.map(({ owner, count }) => [owner.startsWith('mortal') ? 'mortal' : 'one', count]));
}

/** An attempt that was under way at the death is made again: the same number twice in a row is one. */
function withoutRepeats(numbers: readonly number[]): number[] {
  return numbers.filter((number, index) => index === 0 || numbers[index - 1] !== number);
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('DL-05: one of two dispatchers is killed', () => {
  it('its endpoints go to the other, each order and cap holds, and nothing is lost', async () => {
    const settings = testSettings(postgres.server.url, { instanceId: 'one' });
    running = await startServices({
      services: [dispatcherService, ...NEIGHBOURS],
      settings,
      logger: SILENT,
      soleWriter: false,
    });
    const neighbours = new Neighbours(running.app.nest);
    const env = { SLUICE_DATABASE_URL: postgres.server.url, SLUICE_TEST_BESIDE_ANOTHER: 'yes' };
    child = await startChildProgram([CHILD], env);
    await waitFor(async () => (await slotsByOwner()).one === 128 && (await slotsByOwner()).mortal === 128, 30_000);

    const open = new Map<string, number>();
    let most = 0;
    receiver.respond(async ({ path }) => {
      const now = (open.get(path) ?? 0) + 1;
      open.set(path, now);
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 10));
      open.set(path, (open.get(path) ?? 1) - 1);
      return { status: 204 };
    });
    // The last byte of the uuid says whose it is: half of them are the dead one's.
    const owned = upTo(2 * ENDPOINTS).map((index) => ({
      uuid: `01999999-0000-7000-8000-0000000000${(index % 2 === 0 ? 16 + index : 240 + index).toString(16)}`,
      ordering: index < ENDPOINTS ? 'event.subject' : undefined,
    }));
    for (const [index, { uuid, ordering }] of owned.entries()) {
      const more = ordering === undefined ? {} : { ordering };
      await neighbours.endpoint({ url: `${receiver.url}/${index}`, uuid, concurrency: CAP, ...more });
    }
    await neighbours.settled();
    for (const subject of SUBJECTS) await neighbours.emit(30, { subject });
    await receiver.waitFor(200, 60_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const subject of SUBJECTS) await neighbours.emit(10, { subject });

    const wanted = owned.length * SUBJECTS.length * 40;
    const ids = () => new Set(receiver.requests.map((request) => request.headers['webhook-id']));
    await waitFor(() => ids().size === wanted, 90_000, 'every delivery');
    await waitFor(async () => (await neighbours.due()).length === 0, 30_000);
    expect(await slotsByOwner()).toEqual({ one: 256 });
    expect(most).toBeLessThanOrEqual(CAP);
    // Only what was under way at the dead one's endpoints, or answered and not recorded yet, came twice.
    expect(receiver.requests.length - wanted).toBeLessThan(SUBJECTS.length * 30 * ENDPOINTS);
    const numbersOf = (path: string, subject: string): number[] =>
      receiver.requests
        .filter((request: RecordedRequest) => request.path === path)
        .map((request) => JSON.parse(request.text) as { entityId: string; entity: { number: number } })
        .flatMap(({ entityId, entity }) => (entityId === subject ? [entity.number] : []));
    for (const index of upTo(ENDPOINTS))
      for (const subject of SUBJECTS)
        expect(withoutRepeats(numbersOf(`/${index}`, subject))).toEqual([...upTo(30), ...upTo(10)]);
  }, 240_000);
});
