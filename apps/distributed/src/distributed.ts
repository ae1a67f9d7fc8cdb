import path from 'node:path';
import { SERVICES, type ServiceName } from '@sluice/contracts';
import { firstAdministrator, greet, outboundAllowOf, PidsFile, SupervisedPostgres } from '@sluice/local-deployment';
import { freePort, kafkaAvailable, LocalServerError, lockDataDir } from '@sluice/local-servers';
import { addressOf, environmentWithDotEnv, loadSettings, type Settings } from '@sluice/platform';
import { checkListenAddress, OperatorError } from '@sluice/wiring';
import { deploymentSecrets } from './administrator-token.ts';
import { LeftBehind } from './left-behind.ts';
import { type Deployment, processPlans } from './process-plans.ts';
import { SupervisedKafka } from './supervised-kafka.ts';
import { ProcessFailedError, SupervisedProcess, type Watching } from './supervised-process.ts';

const READY_TIMEOUT_MS = 90_000;
// Together with what PostgreSQL and Kafka may take (10 s, side by side) below the 25 s of a clean stop.
const EDGE_PATIENCE_MS = 3_000;
const SERVICE_PATIENCE_MS = 10_000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

type Closer = () => Promise<void>;

/** Closes what was opened, last first, whatever fails on the way. */
async function closeAll(closers: readonly Closer[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of [...closers].reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Looks before anything is started, so that the message comes at once. */
async function checkPlace(settings: Settings): Promise<void> {
  const kafka = settings.kafka === null ? kafkaAvailable() : ({ ok: true } as const);
  if (!kafka.ok) throw new OperatorError(kafka.reason);
  await checkListenAddress(settings);
}

interface Starting {
  settings: Settings;
  environment: Deployment['environment'];
  dataDir: string;
  watching: Watching;
  closers: Closer[];
  /** Aborted by a signal that comes before everything is up. */
  signal: AbortSignal;
}

/** Kafka and PostgreSQL side by side, unless the settings name others. */
async function startServers(starting: Starting): Promise<{ databaseUrl: string; brokers: string }> {
  const { settings, environment, dataDir, watching } = starting;
  const postgres =
    settings.databaseUrl === null
      ? SupervisedPostgres.start(dataDir, print, (pid) => watching.onPid('postgres', pid))
      : null;
  const kafka = settings.kafka === null ? SupervisedKafka.start(dataDir, watching) : null;
  starting.closers.push(async () => {
    // Also one that is only just coming up has to be stopped: nobody else would.
    const up = await Promise.allSettled([postgres, kafka]);
    const stopped = await Promise.allSettled(
      up.map((one) => (one.status === 'fulfilled' ? one.value?.stop() : undefined)),
    );
    const failed = stopped.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  });
  await Promise.allSettled([postgres, kafka]);
  starting.signal.throwIfAborted();
  return {
    databaseUrl: (await postgres)?.url ?? settings.databaseUrl ?? '',
    brokers: (await kafka)?.brokers ?? environment.SLUICE_KAFKA_BROKERS ?? '',
  };
}

/** @throws OperatorError when it is not a number from 1 to 4. */
function instancesOf(environment: Deployment['environment']): number {
  const text = environment.SLUICE_DISTRIBUTED_INSTANCES ?? '1';
  if (/^[1-4]$/.test(text)) return Number(text);
  throw new OperatorError(`SLUICE_DISTRIBUTED_INSTANCES is ${JSON.stringify(text)}: give a number from 1 to 4`);
}

async function choosePorts(instances: number): Promise<Map<ServiceName, number[]>> {
  const taken = new Set<number>();
  const ports = new Map<ServiceName, number[]>();
  for (const service of SERVICES) {
    const own: number[] = [];
    while (own.length < instances) {
      const port = await freePort();
      if (taken.has(port)) continue;
      taken.add(port);
      own.push(port);
    }
    ports.set(service, own);
  }
  return ports;
}

/** The five services, then the edge; each is restarted from the moment that it has been ready once. */
async function startProcesses(deployment: Deployment, { watching, closers, signal }: Starting): Promise<void> {
  const plans = processPlans(deployment);
  const services = plans.services.map(({ port, plan }) => ({ port, process: new SupervisedProcess(plan, watching) }));
  closers.push(async () => {
    await Promise.all(services.map((service) => service.process.stop(SERVICE_PATIENCE_MS)));
  });
  for (const service of services) service.process.start();
  await Promise.all(
    services.map(({ port, process: one }) => one.becomesReady(`http://127.0.0.1:${port}/readyz`, READY_TIMEOUT_MS)),
  );
  signal.throwIfAborted();
  const edge = new SupervisedProcess(plans.edge, watching);
  closers.push(() => edge.stop(EDGE_PATIENCE_MS));
  edge.start();
  await edge.becomesReady(`${reachable(deployment)}/readyz`, READY_TIMEOUT_MS);
}

/** Where this machine reaches the edge: a wildcard address is no destination everywhere. */
function reachable({ host, port }: Deployment): string {
  return addressOf(host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port);
}

async function deploymentOf(settings: Settings, environment: Deployment['environment'], dataDir: string) {
  const secrets = await deploymentSecrets(dataDir, {
    encryptionKeys: settings.encryptionKeys.length > 0,
    adminToken: settings.adminToken,
  });
  const administrator = firstAdministrator(dataDir, settings);
  const port = settings.port === 0 ? await freePort(settings.host) : settings.port;
  return {
    secrets,
    chosen: {
      environment,
      host: settings.host,
      port,
      publicUrl: settings.publicUrl === '' ? addressOf(settings.host, port) : settings.publicUrl,
      adminToken: secrets.adminToken,
      administrator,
      encryptionKeys:
        secrets.encryptionKeys ||
        settings.encryptionKeys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(','),
      outboundAllow: outboundAllowOf(settings.outboundAllow, print),
      ports: await choosePorts(instancesOf(environment)),
    },
  };
}

async function start(
  settings: Settings,
  environment: Deployment['environment'],
  closers: Closer[],
  signal: AbortSignal,
): Promise<void> {
  const dataDir = path.resolve(settings.dataDir);
  await checkPlace(settings);
  const lock = await lockDataDir(dataDir);
  closers.push(() => lock.release());
  const left = new LeftBehind(dataDir);
  await left.clear(print);
  const pids = new PidsFile(dataDir);
  closers.push(async () => {
    await left.settled();
    left.remove();
    pids.remove();
  });
  const watching: Watching = {
    print,
    onPid(name, pid) {
      pids.set(name, pid);
      if (name !== 'kafka' && name !== 'postgres') left.note(name, pid); // those two are cleared by who starts them
    },
  };
  const { secrets, chosen } = await deploymentOf(settings, environment, dataDir);
  signal.throwIfAborted();
  const starting = { settings, environment, dataDir, watching, closers, signal };
  const deployment = { ...chosen, ...(await startServers(starting)) };
  await startProcesses(deployment, starting);
  signal.throwIfAborted();
  const demo = await greet({
    url: reachable(deployment),
    publicUrl: deployment.publicUrl,
    dataDir,
    adminToken: secrets.adminToken,
    isNewToken: secrets.isNew,
    administrator: chosen.administrator,
    demo: settings.demo,
    outboundAllow: deployment.outboundAllow,
    print,
  });
  if (demo) closers.push(() => demo.close());
}

/** Rejects at the first SIGINT or SIGTERM; nothing waits for a start that nobody wants any more. */
function interruption(): { signal: AbortSignal; happened: Promise<never>; forget(): void } {
  const controller = new AbortController();
  let interrupt = (): void => undefined;
  const happened = new Promise<never>((_, reject) => {
    interrupt = () => {
      const reason = new OperatorError('interrupted while starting');
      controller.abort(reason);
      reject(reason);
    };
  });
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const forget = (): void => {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  };
  return { signal: controller.signal, happened, forget };
}

/** The distributed wiring on one machine: Kafka, PostgreSQL, five services and the edge as processes of their own. */
export async function startDistributed(): Promise<{ close(): Promise<void> }> {
  const environment = environmentWithDotEnv();
  const settings = loadSettings(environment);
  const closers: Closer[] = [];
  const { signal, happened, forget } = interruption();
  try {
    await Promise.race([start(settings, environment, closers, signal), happened]);
    return { close: () => closeAll(closers) };
  } catch (error) {
    await closeAll(closers);
    // Written for a person already, without a stack trace.
    if (error instanceof LocalServerError || error instanceof ProcessFailedError)
      throw new OperatorError(error.message);
    throw error;
  } finally {
    forget();
  }
}
