import { schemaOf } from '@sluice/contracts';
import pg from 'pg';
import type { MigrationClass, ServiceDefinition, SharedSchema } from '../service-definition.ts';

const OLDEST_POSTGRES = 170_000;
/** Any constant; concurrent starts of services take turns on it. */
const MIGRATION_LOCK = 7_150_301;

/** The database cannot be used as it is; the message says what to do. Printed without a stack trace. */
export class DatabaseNotUsableError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseNotUsableError';
  }
}

/** What to do about an error of connecting or of the first statements, by Node's code or PostgreSQL's SQLSTATE. */
const ADVICE: Record<string, string> = {
  ECONNREFUSED: 'start it there, or correct the address',
  ENOTFOUND: 'correct the host name',
  '28P01': 'correct user and password',
  '28000': 'correct the user, or allow it in pg_hba.conf',
  '3D000': 'create the database, or correct its name',
  '42501': 'give this user the right to create schemas (grant create on database … to …)',
  '25006': 'name the primary, not a read-only replica',
};

function notUsable(databaseUrl: string, error: unknown): DatabaseNotUsableError {
  const url = new URL(databaseUrl);
  const { message, code = '' } = error as NodeJS.ErrnoException;
  const advice = ADVICE[code] ?? 'is it PostgreSQL 17 or newer, and does it answer?';
  return new DatabaseNotUsableError(
    `SLUICE_DATABASE_URL: PostgreSQL at ${url.hostname || 'localhost'}:${url.port || 5432} cannot be used: ${message || code}; ${advice}`,
    error,
  );
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 5_000,
    application_name: 'sluice-migrate',
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw notUsable(databaseUrl, error);
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
  );
  const server = rows[0];
  if (!server || server.number < OLDEST_POSTGRES) {
    throw new DatabaseNotUsableError(
      `SLUICE_DATABASE_URL: PostgreSQL is ${server?.text}, Sluice needs 17 or newer: name such a server`,
    );
  }
}

async function refuseNewerData(client: pg.Client, service: ServiceDefinition): Promise<void> {
  const table = `${schemaOf(service.name)}.migrations`;
  const { rows } = await client.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [table]);
  if (!rows[0]?.exists) return;
  const known = service.migrations.map((migration) => migration.name);
  const applied = await client.query<{ name: string }>(`select name from ${table}`);
  const unknown = applied.rows.find((row) => !known.includes(row.name));
  if (unknown) {
    throw new DatabaseNotUsableError(
      `the data of ${service.name} is of a newer version (${unknown.name}): start the version that wrote it, or a newer one`,
    );
  }
}

async function migrateService(databaseUrl: string, service: ServiceDefinition): Promise<void> {
  // Loaded only when there is something to apply: it costs 25 MB and a fifth of a second of every other start.
  const { DataSource } = await import('typeorm');
  const source = new DataSource({
    type: 'postgres',
    url: databaseUrl,
    schema: schemaOf(service.name),
    migrations: [...service.migrations] as MigrationClass[],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    poolSize: 1,
    applicationName: `sluice-${service.name}-migrate`,
  });
  await source.initialize();
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}

/** Whether a service has migrations to apply; asking is much cheaper than starting TypeORM for nothing. */
async function isCurrent(client: pg.Client, service: ServiceDefinition): Promise<boolean> {
  const table = `${schemaOf(service.name)}.migrations`;
  const { rows } = await client.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [table]);
  if (!rows[0]?.exists) return service.migrations.length === 0;
  const applied = await client.query<{ name: string }>(`select name from ${table}`);
  return service.migrations.every((migration) => applied.rows.some((row) => row.name === migration.name));
}

/**
 * Brings shared schemas and the services' own schemas up to date, one start at a time.
 * @throws DatabaseNotUsableError when the server is away, too old, or holds data of a newer version.
 */
export async function migrate(
  databaseUrl: string,
  services: readonly ServiceDefinition[],
  shared: readonly SharedSchema[],
): Promise<void> {
  const client = await connect(databaseUrl);
  try {
    await refuseOldServer(client);
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    for (const schema of shared) {
      await client.query(`create schema if not exists ${schema.name}`);
      for (const statement of schema.statements) await client.query(statement);
    }
    for (const service of services) {
      await refuseNewerData(client, service);
      if (await isCurrent(client, service)) continue;
      await client.query(`create schema if not exists ${schemaOf(service.name)}`);
      await migrateService(databaseUrl, service);
    }
  } catch (error) {
    const refused = ['42501', '25006'].includes(String((error as NodeJS.ErrnoException).code));
    throw refused ? notUsable(databaseUrl, error) : error;
  } finally {
    await client.end();
  }
}
