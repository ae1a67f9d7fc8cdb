import {
  createJsonLogger,
  describeSettings,
  environmentWithDotEnv,
  loadSettings,
  migrate,
  NestJsonLogger,
  type ServiceDefinition,
  type Settings,
} from '@sluice/platform';
import { OperatorError, runProcess } from './run-process.ts';
import { SHARED_SCHEMAS } from './shared-schemas.ts';
import { type RunningServices, startServices } from './start-services.ts';

const USAGE = `Usage: node main.js [migrate]
  (nothing)  serve until SIGTERM
  migrate    bring the database up to date and exit
`;

function settingsOf(): Settings & { databaseUrl: string } {
  const settings = loadSettings(environmentWithDotEnv(), [
    'SLUICE_DATABASE_URL',
    'SLUICE_KAFKA_BROKERS',
    'SLUICE_ADMIN_TOKEN',
    'SLUICE_ENCRYPTION_KEYS',
  ]);
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
  if (args.length === 0) return runProcess(() => serve(service));
  if (args.length === 1 && args[0] === 'migrate') {
    return runProcess(async () => {
      await migrate(settingsOf().databaseUrl, [service], SHARED_SCHEMAS);
      process.exit(0);
    });
  }
  process.stderr.write(USAGE);
  process.exit(args[0] === '--help' ? 0 : 2);
}
