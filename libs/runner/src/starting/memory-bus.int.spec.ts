import { Global, Logger, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { BusBindings, MemoryBus } from '@sluice/bus';
import { EventStore } from '@sluice/event-store';
import { connectionOf, createHttpApp, type HttpApp, migrate, poolToken, SETTINGS, storeToken } from '@sluice/platform';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { SHARED_SCHEMAS } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testPool, testSettings } from '../runner.fixture.ts';
import { RunnerModule } from '../runner.module.ts';
import { runnerService } from '../runner.service.ts';

let database: TestDatabase;
let app: HttpApp;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let release: () => Promise<void>;
let seed: number;

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  const services = [runnerService, ...NEIGHBOURS];
  await migrate(database.url, services, SHARED_SCHEMAS);
  const pool = testPool(database.url);
  const stores = new Map(
    services.map(({ name, topics, partitioned }) => {
      const connection = connectionOf(database.url, name, 'memory-bus');
      return [name, new EventStore({ service: name, topics, connection, partitioned })] as const;
    }),
  );
  await Promise.all([...stores.values()].map((store) => store.start()));
  const bindings = new BusBindings();
  for (const [service, store] of stores) bindings.bind({ service, store, pool });
  const providers = [
    { provide: SETTINGS, useValue: testSettings(database.url) },
    { provide: poolToken('runner'), useValue: pool },
    ...[...stores].map(([service, store]) => ({ provide: storeToken(service), useValue: store })),
  ];
  class Mechanisms {}
  Global()(Mechanisms);
  const exported = [...providers.map(({ provide }) => provide), DiscoveryModule];
  Module({ imports: [DiscoveryModule], providers, exports: exported })(Mechanisms);
  class Services {}
  Module({ imports: [Mechanisms, RunnerModule] })(Services);
  const bus = new MemoryBus({ bindings, logger: SILENT, redeliver: 0.4 });
  seed = bus.seed;
  app = await createHttpApp({ module: Services, logger: SILENT, strategy: bus });
  await app.listen('127.0.0.1', 0);
  const store = (name: 'runner' | 'registry' | 'gateway'): EventStore => stores.get(name) as EventStore;
  neighbours = new Neighbours({
    pool,
    runner: store('runner'),
    registry: store('registry'),
    gateway: store('gateway'),
    follows: true,
  });
  receiver = await recordingReceiver();
  release = async () => {
    await Promise.all([...stores.values()].map((each) => each.close()));
    await pool.end();
  };
});

afterAll(async () => {
  await app?.close();
  await release?.();
  await receiver?.close();
  await database?.drop();
});

test('batches that come in any size and some of them twice start each run once, with one call each', async () => {
  const pure = await neighbours.flow({
    steps: [
      { ref: 'web1', type: 'webhook' },
      { ref: 'e', type: 'emit', event: 'seen', data: '{{ web1 }}' },
    ],
  });
  const calling = await neighbours.flow({
    steps: [
      { ref: 'web1', type: 'webhook' },
      { ref: 'res', type: 'http', url: `${receiver.url}/` },
    ],
  });
  const requests = Array.from({ length: 300 }, (_, index) => ({ flow: index % 5 === 0 ? calling : pure }));
  const ids: string[] = [];
  for (let start = 0; start < requests.length; start += 50) {
    ids.push(...(await neighbours.acceptAll(requests.slice(start, start + 50))));
  }
  const runs = await waitFor(
    async () => {
      const streams = await Promise.all(ids.map((id) => neighbours.run(id)));
      return streams.every((events) => events.at(-1)?.type === 'RunFinished') ? streams : null;
    },
    20_000,
    `the end of all runs (seed ${seed})`,
  );
  const shapes = new Set(runs.map((events) => events.map((event) => event.type).join(' ')));
  expect([...shapes].sort(), `seed ${seed}`).toEqual([
    'RunStarted EventEmitted RunFinished',
    'RunStarted StepStarted StepCompleted RunFinished',
  ]);
  expect(receiver.requests, `seed ${seed}`).toHaveLength(60);
});
