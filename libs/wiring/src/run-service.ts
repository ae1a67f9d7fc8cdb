import {
  createJsonLogger,
  describeSettings,
  environmentWithDotEnv,
  loadSettings,
  migrate,
  NestJsonLogger,
  type ServiceDefinition,
  type SettingName,
  type Settings,
} from '@sluice/platform';
import { OperatorError, runProcess } from './run-process.ts';
import { SHARED_SCHEMAS } from './shared-schemas.ts';
import { type RunningServices, startServices } from './start-services.ts';
import { commandOf, type Usage } from './usage.ts';

const REQUIRED = [
  'SLUICE_DATABASE_URL',
  'SLUICE_KAFKA_BROKERS',
  'SLUICE_ADMIN_TOKEN',
  'SLUICE_ENCRYPTION_KEYS',
] as const satisfies readonly SettingName[];

const USAGE = {
  command: 'node main.js [migrate]',
  does: 'Serves one of the services until SIGTERM.',
  settings: [
    'PORT',
    'HOST',
    'SLUICE_PUBLIC_URL',
    'SLUICE_DATABASE_URL',
    'SLUICE_KAFKA_BROKERS',
    'SLUICE_ADMIN_TOKEN',
    'SLUICE_ENCRYPTION_KEYS',
    'SLUICE_TRUSTED_PROXIES',
    'SLUICE_LOG_LEVEL',
  ],
  defaults: Object.fromEntries(REQUIRED.map((name) => [name, 'required'])),
  commands: { migrate: 'bring the database up to date and end' },
} satisfies Usage;

function settingsOf(): Settings & { databaseUrl: string } {
  const settings = loadSettings(environmentWithDotEnv(), REQUIRED);
  if (settings.databaseUrl === null) throw new OperatorError('SLUICE_DATABASE_URL is required here');
  return { ...settings, databaseUrl: settings.databaseUrl };
}

async function serve(service: ServiceDefinition): Promise<RunningServices> {
  const settings = settingsOf();
  const logger = createJsonLogger({ level: settings.logLevel, service: service.name, instanceId: settings.instanceId });
  logger.info({ settings: describeSettings(settings) }, 'settings');
  const running = await startServices({ services: [service], settings, logger: new NestJsonLogger(logger) });
  logger.info({ url: running.url }, 'ready');
  return running;
}

/** The whole of a service's `main.ts` in the distributed wiring. */
export async function runService(
  service: ServiceDefinition,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  if (commandOf(USAGE, args) === null) return runProcess(() => serve(service));
  return runProcess(async () => {
    await migrate(settingsOf().databaseUrl, [service], SHARED_SCHEMAS);
    process.exit(0);
  });
}
