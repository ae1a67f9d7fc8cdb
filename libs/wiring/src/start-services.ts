import { type DynamicModule, type LoggerService, Module } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { BusBindings, deadLetterCommandConsumer, KafkaBus, PostgresBus } from '@sluice/bus';
import { type ServiceName, SERVICES } from '@sluice/contracts';
import { EventStore } from '@sluice/event-store';
import { ReplicaBoard } from '@sluice/local-copy';
import {
  addressOf,
  ConnectionLimit,
  connectionOf,
  createHttpApp,
  createPool,
  failpoint,
  type HttpApp,
  migrate,
  type ServiceDefinition,
  type Settings,
} from '@sluice/platform';
import { RetentionWorker } from '@sluice/retention';
import type { Pool } from 'pg';
import { checkListenAddress } from './listen-address.ts';
import { AcceptPressure, PRESSURE_BEHIND_EDGE, PRESSURE_STANDALONE } from './accept-pressure.ts';
import { MechanismsModule } from './mechanisms.module.ts';
import { batchObserver, checkBus, observe, type ObservedBus } from './observing.ts';
import { SHARED_SCHEMAS } from './shared-schemas.ts';

export interface StartOptions {
  services: readonly ServiceDefinition[];
  /** `databaseUrl` has to be set; `kafka` chooses the distributed wiring. */
  settings: Settings & { databaseUrl: string };
  logger: LoggerService;
  /**
   * Nobody else writes these tables (Postgres bus only); true unless given. An embedded PostgreSQL is behind the data
   * directory's lock. An external one may serve a second process, and then events go through the tables and consumers
   * through leases.
   */
  soleWriter?: boolean;
  /** Modules beside the services' (the demo, the console). */
  modules?: DynamicModule[];
}

export interface RunningServices {
  /** Where this process answers, as it can be reached from this machine. */
  url: string;
  port: number;
  settings: Settings;
  app: HttpApp;
  close(): Promise<void>;
}

/** How accepted requests are committed. */
const ACCEPTING = {
  /** An accepted request waits at most so long for others to be committed with, while hundreds come each second. */
  companyMs: 3,
  /**
   * Half of what 128 callers send at once: while one half is in the database, the other one is read and answered. With
   * batches of 128 all of them were in one, and this process had nothing to do meanwhile (18,400 accepts/s; 96: 20,100;
   * 64: 21,900; 48: 20,400; quiet, runner held).
   */
  maxRows: 64,
};

type Bus = CustomTransportStrategy & ObservedBus;

function createBus(options: StartOptions, bindings: BusBindings, stores: ReadonlyMap<ServiceName, EventStore>): Bus {
  const { settings, logger } = options;
  const pressure = new AcceptPressure(settings.kafka ? PRESSURE_BEHIND_EDGE : PRESSURE_STANDALONE);
  stores.get('gateway')?.onCommitted((events) => pressure.committed(events));
  const yieldWhile = (): boolean => pressure.isHigh;
  if (settings.kafka) {
    return new KafkaBus({
      bindings,
      kafka: { clientId: `sluice-${settings.instanceId}`, ...settings.kafka },
      instanceId: settings.instanceId,
      logger,
      failpoint,
      ownServices: options.services.map((service) => service.name),
      relay: { yieldWhile },
    });
  }
  return new PostgresBus({
    bindings,
    instanceId: settings.instanceId,
    logger,
    failpoint,
    soleWriter: options.soleWriter ?? true,
    yieldWhile,
  });
}

function createStore(options: StartOptions, service: ServiceDefinition): EventStore {
  return new EventStore({
    service: service.name,
    topics: service.topics,
    connection: connectionOf(options.settings.databaseUrl, service.name, 'store'),
    partitioned: service.partitioned,
    logger: options.logger,
    onBatch: batchObserver(service.name),
    ...(service.name === 'gateway' ? ACCEPTING : {}),
  });
}

/** Checkpoints of other groups are of consumers that an upgrade did away with: only a process that is alone can say so. */
function groupsOf(bus: Bus | null, { settings, services, soleWriter = true }: StartOptions): string[] | null {
  const isAlone = settings.kafka === null && soleWriter && services.length === SERVICES.length;
  return bus && isAlone ? [...new Set(bus.statuses().map(({ group }) => group))] : null;
}

function createRetention(
  { settings, services, logger }: StartOptions,
  groups: () => string[] | null,
  stores: ReadonlyMap<ServiceName, EventStore>,
  pools: ReadonlyMap<ServiceName, Pool>,
): RetentionWorker[] {
  return services.map(
    ({ name, topics, retention }) =>
      new RetentionWorker({
        service: name,
        topics,
        rules: retention ?? { needs: [], prunes: [] },
        store: stores.get(name) as EventStore,
        pool: pools.get(name) as Pool,
        days: settings.retentionDays[name],
        isKafka: settings.kafka !== null,
        groups,
        owner: settings.instanceId,
        logger,
      }),
  );
}

/** Brings the database up to date, starts the services' stores, bus and HTTP, and resolves once they serve. */
export async function startServices(options: StartOptions): Promise<RunningServices> {
  const { settings, services } = options;
  await checkListenAddress(settings);
  await migrate(settings.databaseUrl, services, SHARED_SCHEMAS);
  const stores = new Map(services.map((service) => [service.name, createStore(options, service)]));
  const pools = new Map<ServiceName, Pool>(
    services.map((service) => [service.name, createPool(settings.databaseUrl, service.name)]),
  );
  const board = new ReplicaBoard({
    pool: [...pools.values()][0] as Pool,
    instance: settings.instanceId,
    onError: (error) => options.logger.warn(`the replica board cannot be written: ${(error as Error).message}`),
  });
  let bus: Bus | null = null;
  const retention = createRetention(options, () => groupsOf(bus, options), stores, pools);
  let app: HttpApp | null = null;
  const close = async (): Promise<void> => {
    try {
      await Promise.all(retention.map((worker) => worker.close()));
      await app?.close(); // first: what still runs in it uses what is released below
    } finally {
      await board.close();
      await Promise.all([...stores.values()].map((store) => store.close()));
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    }
  };
  try {
    await Promise.all([...stores.values()].map((store) => store.start()));
    const bindings = new BusBindings();
    for (const [service, store] of stores) bindings.bind({ service, store, pool: pools.get(service) as Pool });
    const soleProcess = settings.kafka === null && (options.soleWriter ?? true);
    bus = createBus(options, bindings, stores);
    const mechanisms = MechanismsModule.of({ settings, bindings, stores, pools, board, soleProcess });
    class ServicesModule {}
    Module({
      imports: [mechanisms, ...services.map((service) => service.module), ...(options.modules ?? [])],
      controllers: services.map((service) => deadLetterCommandConsumer(service.name)),
    })(ServicesModule);
    const connections = new ConnectionLimit(settings.connections, settings.trustedProxies);
    const { requestLimits: limits } = settings;
    app = await createHttpApp({ module: ServicesModule, logger: options.logger, strategy: bus, connections, limits });
    observe({ bus, stores, pools });
    checkBus(app, bus);
    const port = await app.listen(settings.host, settings.port);
    const url = addressOf(settings.host, port);
    if (settings.publicUrl === '') settings.publicUrl = url;
    for (const worker of retention) worker.start();
    return { url, port, settings, app, close };
  } catch (error) {
    await close();
    throw error;
  }
}
