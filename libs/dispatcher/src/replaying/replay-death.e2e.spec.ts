import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
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
import type { ReplayView } from './replay.responses.ts';

const CHILD = fileURLToPath(new URL('../delivering/mortal-dispatcher.fixture.ts', import.meta.url));
/** Three parts of a replay, and some. */
const EVENTS = 2_500;
const PATIENCE_MS = 90_000;

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

async function start(): Promise<Neighbours> {
  const settings = testSettings(postgres.server.url);
  running = await startServices({ services: [dispatcherService, ...NEIGHBOURS], settings, logger: SILENT });
  return new Neighbours(running.app.nest);
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = { authorization: 'Bearer operator', 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return (await (await fetch(`${running?.url}${path}`, { method, headers, ...sent })).json()) as T;
}

async function attemptsRecorded(): Promise<number> {
  const text = `select count(*)::int as count from dispatcher.events where type = 'AttemptFinished'`;
  return (await pool.query<{ count: number }>(text)).rows[0]?.count ?? 0;
}

const idsReceived = (): string[] => receiver.requests.map((request) => request.headers['webhook-id'] ?? '');

describe('DL-06: kill -9 in the middle of a replay', () => {
  it.each([
    ['soon after its first delivery', 20],
    ['when most of it is sent', 1_500],
  ])(
    '%s: the next dispatcher goes on, and repeats exactly what was sent and not yet recorded',
    async (_when, deliveries) => {
      let neighbours = await start();
      await neighbours.token('operator', ['automation.manage']);
      const endpoint = await neighbours.endpoint({ url: receiver.url, concurrency: 10 });
      await neighbours.settled();
      for (let n = 0; n < EVENTS / 100; n++) await neighbours.emit(100);
      await waitFor(async () => (await attemptsRecorded()) === EVENTS, PATIENCE_MS);
      const first = new Set(idsReceived());
      receiver.clear();
      receiver.respond({ status: 204, delayMs: 5 });
      const { replayId } = await call<{ replayId: string }>('POST', `/v1/endpoints/${endpoint.id}/replay`, {});
      await running?.close();
      running = undefined;

      child = await startChildProgram([CHILD], { SLUICE_DATABASE_URL: postgres.server.url });
      await receiver.waitFor(deliveries, PATIENCE_MS);
      child.kill('SIGKILL');
      await once(child, 'exit');
      // What the dead one has written is read to its end.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const [sent, recorded] = [receiver.requests.length, (await attemptsRecorded()) - EVENTS];
      expect(sent).toBeLessThan(EVENTS);

      neighbours = await start();
      const view = await waitFor(async () => {
        const now = await call<ReplayView>('GET', `/v1/replays/${replayId}`);
        return now.state === 'finished' && now.succeeded === EVENTS ? now : null;
      }, PATIENCE_MS);
      await waitFor(async () => (await neighbours.due()).length === 0, PATIENCE_MS);
      expect(view).toMatchObject({ planned: EVENTS, succeeded: EVENTS, failed: 0, discarded: 0 });
      expect(new Set(idsReceived())).toEqual(first);
      expect(receiver.requests.length - EVENTS).toBe(sent - recorded);
      expect(await attemptsRecorded()).toBe(2 * EVENTS);
    },
    240_000,
  );
});
