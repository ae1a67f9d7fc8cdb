import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@sluice/contracts';
import { type Temporary, temporaryPostgres, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CuttingConnection } from './cutting-connection.fixture.ts';
import type { StoredEvent } from './event-store.contract.ts';
import type { EventStore } from './event-store.ts';
import { createTables, event, mark, openStore, readUntil, TAKE_KEY, withClient } from './store.fixture.ts';
import { isTransientError } from './transient-error.ts';

let postgres: Temporary<{ url: string; pid: number; stop(): Promise<void>; kill9(): Promise<void> }>;

beforeAll(async () => {
  postgres = await temporaryPostgres();
  await withClient(postgres.server.url, createTables);
});
afterAll(async () => {
  await postgres.remove();
});

/** Streams of three events and a key each, until told to stop; whatever is refused has to be transient. */
function load(store: EventStore, loops: number) {
  const acknowledged: string[] = [];
  const tried: string[] = [];
  let isOver = false;
  const run = async () => {
    while (!isOver) {
      const id = newId();
      tried.push(id);
      try {
        await store.append(id, 0, [event('A', {}, { body: Buffer.from(id) }), event('B'), event('C')], {
          alongside: [{ statement: TAKE_KEY, rows: [[id, id]] }],
        });
        acknowledged.push(id);
      } catch (error) {
        if (!isTransientError(error)) throw error;
        await delay(5);
      }
    }
  };
  const done = Promise.all(Array.from({ length: loops }, run));
  return {
    acknowledged,
    tried,
    async stop() {
      isOver = true;
      await done;
    },
  };
}

it('PostgreSQL is killed -9 three times under load: all that was acknowledged is there once, and nothing is torn', async () => {
  const store = await openStore(postgres.server.url);
  const handed: StoredEvent[] = [];
  store.onCommitted((events) => handed.push(...events));
  const work = load(store, 40);
  for (let kills = 0; kills < 3; kills++) {
    const enough = work.acknowledged.length + 300;
    await waitFor(() => work.acknowledged.length > enough);
    await postgres.server.kill9();
    await postgres.restart();
  }
  const enough = work.acknowledged.length + 300;
  await waitFor(() => work.acknowledged.length > enough);
  await work.stop();
  const stored = await readUntil(store, null, handed.length);
  const byStream = new Map<string, StoredEvent[]>();
  for (const one of stored) byStream.set(one.streamId, [...(byStream.get(one.streamId) ?? []), one]);
  expect(work.acknowledged.filter((id) => !byStream.has(id))).toEqual([]);
  expect([...byStream.keys()].filter((id) => !work.tried.includes(id))).toEqual([]);
  for (const [id, events] of byStream) {
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(events[0]?.body?.toString()).toBe(id);
  }
  const keys = await withClient(postgres.server.url, (client) => client.query('select key from runner.keys'));
  expect(new Set(keys.rows.map(({ key }) => key as string))).toEqual(new Set(byStream.keys()));
  // The in-process hand-over has no hole either, although some outcomes were unknown when the connection broke.
  expect(handed.map(({ position }) => position)).toEqual(stored.map(({ position }) => position));
  expect(store.stats.losses).toBeGreaterThanOrEqual(3);
  await store.close();
});

it('while the database is away callers hear of it in time, and commits go on by themselves when it is back', async () => {
  const store = await openStore(postgres.server.url, { maxWaitMs: 400 });
  await postgres.server.stop();
  const since = performance.now();
  const waiting = Promise.allSettled(Array.from({ length: 50 }, () => store.append(newId(), 0, [event('A')])));
  for (const outcome of await waiting) {
    expect(outcome.status === 'rejected' && isTransientError(outcome.reason)).toBe(true);
  }
  expect(performance.now() - since).toBeLessThan(4_000);
  await expect(store.readAfter('runner.events', null, 1)).rejects.toSatisfy(isTransientError);
  await postgres.restart();
  const id = newId();
  await waitFor(() => store.append(id, 0, [event('A')]));
  expect(await waitFor(() => store.read(id))).toHaveLength(1);
  await store.close();
});

it('a short absence is not even noticed by callers', async () => {
  const store = await openStore(postgres.server.url);
  await postgres.server.stop();
  const waiting = Promise.all(Array.from({ length: 50 }, () => store.append(newId(), 0, [event('A')])));
  await postgres.restart();
  expect(await waiting).toHaveLength(50);
  await store.close();
});

it('what waits is bounded: past it commits are refused at once', async () => {
  const store = await openStore(postgres.server.url, { maxQueuedEvents: 10, maxWaitMs: 3_000 });
  await postgres.server.stop();
  const waiting = Array.from({ length: 10 }, () => store.append(newId(), 0, [event('A')]));
  const since = performance.now();
  await expect(store.append(newId(), 0, [event('A')])).rejects.toSatisfy(isTransientError);
  expect(performance.now() - since).toBeLessThan(1_500);
  expect(store.queued).toBe(10);
  await Promise.allSettled(waiting);
  expect(store.queued).toBe(0);
  await store.close();
  await postgres.restart();
});

it('an append whose answer is lost was committed once: its caller gets its positions, listeners get its events', async () => {
  const { proxy, url } = await CuttingConnection.before(postgres.server.url);
  const store = await openStore(url);
  const handed: StoredEvent[] = [];
  store.onCommitted((events) => handed.push(...events));
  const ids = Array.from({ length: 5 }, () => newId());
  proxy.cutNext('after the server has answered', 'LostAnswer');
  const committed = await Promise.all(
    ids.map((id) =>
      store.append(id, 0, [event('LostAnswer')], { alongside: [{ statement: TAKE_KEY, rows: [[id, null]] }] }),
    ),
  );
  expect(proxy.cuts).toBe(1);
  const stored = await Promise.all(ids.map((id) => store.read(id)));
  expect(committed.map(({ events }) => events)).toEqual(stored);
  expect(handed).toHaveLength(5);
  await store.close();
  await proxy.close();
});

it('an append that never arrived is sent again; free SQL is not, and its caller is told', async () => {
  const { proxy, url } = await CuttingConnection.before(postgres.server.url);
  const store = await openStore(url);
  proxy.cutNext('before the server gets it', 'NeverArrived');
  const id = newId();
  await store.append(id, 0, [event('NeverArrived')]);
  expect(await store.read(id)).toHaveLength(1);
  let calls = 0;
  proxy.cutNext('before the server gets it', 'commit');
  const alone = store.commit({
    appends: [{ streamId: newId(), expectedVersion: 0, events: [event('A')] }],
    alone: async () => void calls++,
  });
  await expect(alone).rejects.toSatisfy(isTransientError);
  expect(calls).toBe(1);
  await store.close();
  await proxy.close();
});

it('what rides without events has no trace to look for: its caller is told that the outcome is unknown', async () => {
  const { proxy, url } = await CuttingConnection.before(postgres.server.url);
  const store = await openStore(url);
  proxy.cutNext('after the server has answered', 'traceless');
  const unit = { appends: [], alongside: [{ statement: TAKE_KEY, rows: [['traceless', null]] }] };
  await expect(store.commit(unit)).rejects.toSatisfy(isTransientError);
  await expect(store.commit(unit)).rejects.toMatchObject({ name: 'AlongsideConflictError', constraint: 'keys_pkey' });
  await store.close();
  await proxy.close();
});

it('a server process that is frozen in the middle of an append neither loses, repeats nor reorders anything', async () => {
  const store = await openStore(postgres.server.url, { transactionTimeoutMs: 300, maxWaitMs: 400 });
  const handed: StoredEvent[] = [];
  const start = await mark(store);
  store.onCommitted((events) => handed.push(...events));
  const appending = () =>
    withClient(postgres.server.url, async (client) => {
      const { rows } = await client.query<{ pid: number }>(
        `select pid from pg_stat_activity where application_name = 'sluice:runner:append'`,
      );
      return rows.map(({ pid }) => pid);
    });
  // The backend of the test before may take a moment to notice that its store is closed.
  const frozen = await waitFor(async () => {
    const pids = await appending();
    return pids.length === 1 ? pids : null;
  });
  for (const pid of frozen) process.kill(pid, 'SIGSTOP');
  await expect(store.append(newId(), 0, [event('frozen')])).rejects.toSatisfy(isTransientError);
  await expect(store.append(newId(), 0, [event('behind it')])).rejects.toSatisfy(isTransientError);
  await delay(1500);
  for (const pid of frozen) process.kill(pid, 'SIGCONT');
  const id = newId();
  await waitFor(() => store.append(id, 0, [event('after')]));
  const stored = await readUntil(store, start, handed.length);
  expect(handed.map(({ position }) => position)).toEqual(stored.map(({ position }) => position));
  await store.close();
});

it('SQL that takes too long, or never comes back, is ended: its caller is told, and the lane goes on', async () => {
  const store = await openStore(postgres.server.url, { transactionTimeoutMs: 300 });
  const hanging = [
    store.commit({ appends: [], alone: async (client) => void (await client.query('select pg_sleep(30)')) }),
    store.commit({ appends: [], alone: () => new Promise<void>(() => undefined) }),
  ];
  const behind = store.append(newId(), 0, [event('A')]);
  for (const outcome of await Promise.allSettled(hanging)) {
    expect(outcome.status === 'rejected' && isTransientError(outcome.reason)).toBe(true);
  }
  expect((await behind).events).toHaveLength(1);
  expect(await store.blockers(100)).toEqual([]);
  await store.close();
});

it('closing commits what waits, and nothing after', async () => {
  const store = await openStore(postgres.server.url);
  const waiting = Array.from({ length: 500 }, () => store.append(newId(), 0, [event('A')], { lingerMs: 20 }));
  await store.close();
  expect(await Promise.all(waiting)).toHaveLength(500);
  await expect(store.append(newId(), 0, [event('A')])).rejects.toSatisfy(isTransientError);
  await store.close();
});

it('closing while the database is away answers everybody, and ends', async () => {
  const store = await openStore(postgres.server.url, { maxWaitMs: 300 });
  await postgres.server.stop();
  const waiting = Promise.allSettled(Array.from({ length: 20 }, () => store.append(newId(), 0, [event('A')])));
  await store.close();
  expect((await waiting).every(({ status }) => status === 'rejected')).toBe(true);
  await expect(openStore(postgres.server.url)).rejects.toSatisfy(isTransientError);
  await postgres.restart();
});
