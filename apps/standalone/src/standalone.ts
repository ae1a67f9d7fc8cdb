import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliveryLogService } from '@sluice/delivery-log';
import { dispatcherService } from '@sluice/dispatcher';
import { gatewayService } from '@sluice/gateway';
import {
  firstAdministrator,
  generatedSecrets,
  greet,
  outboundAllowOf,
  PidsFile,
  SupervisedPostgres,
} from '@sluice/local-deployment';
import { freePort, LocalServerError, lockDataDir } from '@sluice/local-servers';
import { createJsonLogger, environmentWithDotEnv, loadSettings, NestJsonLogger, type Settings } from '@sluice/platform';
import { registryService } from '@sluice/registry';
import { runnerService } from '@sluice/runner';
import { checkListenAddress, OperatorError, type RunningServices, startServices } from '@sluice/wiring';
import { consoleModule } from './console.routes.ts';

const SERVICES = [registryService, gatewayService, runnerService, dispatcherService, deliveryLogService];
const READY_TIMEOUT_MS = 60_000;
/** Leases of a process that was killed end after 6 s; consumers that are still apart then belong to one that lives. */
const SHARED_AFTER_MS = 20_000;
const READY_POLL_MS = 20;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Closes what was opened, last first, whatever fails on the way. */
async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
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

async function effectiveSettings(loaded: Settings, dataDir: string, environment: Record<string, string | undefined>) {
  const secrets = await generatedSecrets(dataDir, {
    encryptionKeys: loaded.encryptionKeys.length > 0,
    adminToken: loaded.adminToken,
  });
  const administrator = firstAdministrator(dataDir, loaded);
  const withKeys =
    secrets.encryptionKeys === ''
      ? loaded
      : loadSettings({ ...environment, SLUICE_ENCRYPTION_KEYS: secrets.encryptionKeys });
  const port = loaded.port === 0 ? await freePort(loaded.host) : loaded.port;
  const publicUrl =
    loaded.publicUrl === '' ? loadSettings({ HOST: loaded.host, PORT: String(port) }).publicUrl : loaded.publicUrl;
  const settings = {
    ...withKeys,
    port,
    publicUrl,
    dataDir,
    adminToken: secrets.adminToken,
    adminEmail: administrator?.email ?? null,
    adminPassword: administrator?.password ?? null,
    outboundAllow: outboundAllowOf(loaded.outboundAllow, print),
  };
  return { settings, secrets, administrator };
}

/** "Sluice is ready" has to be true: consumers that take a moment to join are waited for, and told when they do not. */
async function becomesReady(running: RunningServices): Promise<void> {
  const startMs = Date.now();
  const deadline = startMs + READY_TIMEOUT_MS;
  for (;;) {
    const { ready, checks } = await running.app.health.report();
    if (ready) return;
    if (checks.postgres?.ok && checks.bus?.detail?.startsWith('not joined') && Date.now() - startMs > SHARED_AFTER_MS) {
      throw new OperatorError(
        `SLUICE_DATABASE_URL: another Sluice works on this database (${checks.bus.detail}): stop it, give this one a database of its own, or use the distributed wiring`,
      );
    }
    if (Date.now() > deadline) {
      const failing = Object.entries(checks).filter(([, check]) => !check.ok);
      throw new OperatorError(
        `not ready within ${READY_TIMEOUT_MS / 1000} s: ${failing.map(([name, { detail }]) => `${name} (${detail})`).join(', ')}`,
      );
    }
    await sleep(READY_POLL_MS);
  }
}

/** The standalone wiring: five services in this process, PostgreSQL beside it, everything in the data directory. */
export async function startStandalone(): Promise<{ close(): Promise<void> }> {
  const environment = environmentWithDotEnv();
  const loaded = loadSettings(environment);
  if (loaded.kafka)
    throw new OperatorError(
      'SLUICE_KAFKA_BROKERS is set, but standalone uses no Kafka: unset it, or use npm run start:distributed',
    );
  const closers: (() => Promise<void>)[] = [];
  try {
    const dataDir = path.resolve(loaded.dataDir);
    const lock = await lockDataDir(dataDir);
    closers.push(() => lock.release());
    await checkListenAddress(loaded); // after the lock: a second npm start is told that the first one runs
    const pids = new PidsFile(dataDir);
    closers.push(async () => pids.remove());
    pids.set('standalone', process.pid);
    const { settings, secrets, administrator } = await effectiveSettings(loaded, dataDir, environment);
    let databaseUrl = settings.databaseUrl;
    if (databaseUrl === null) {
      const postgres = await SupervisedPostgres.start(dataDir, print, (pid) => pids.set('postgres', pid));
      closers.push(() => postgres.stop());
      databaseUrl = postgres.url;
    }
    const logger = createJsonLogger({
      level: environment.SLUICE_LOG_LEVEL ?? 'warn',
      service: 'standalone',
      instanceId: settings.instanceId,
    });
    const running = await startServices({
      services: SERVICES,
      settings: { ...settings, databaseUrl },
      soleWriter: settings.databaseUrl === null,
      logger: new NestJsonLogger(logger),
      modules: [consoleModule],
    });
    closers.push(() => running.close());
    await becomesReady(running);
    const demo = await greet({
      url: running.url,
      publicUrl: settings.publicUrl,
      dataDir,
      adminToken: secrets.adminToken,
      isNewToken: secrets.isNew,
      administrator,
      demo: settings.demo,
      outboundAllow: settings.outboundAllow,
      print,
    });
    if (demo) closers.push(() => demo.close());
    return { close: () => closeAll(closers) };
  } catch (error) {
    await closeAll(closers);
    // Written for a person already, without a stack trace.
    if (error instanceof LocalServerError) throw new OperatorError(error.message);
    throw error;
  }
}
