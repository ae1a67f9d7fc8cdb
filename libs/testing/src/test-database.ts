import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { DATABASE_URL_VARIABLE, requiredOfSetup } from './test-servers.ts';

/** A database that is prepared once per run and then cloned in milliseconds. */
export interface DatabaseTemplate {
  /** Unique per content: tests that name it share it, over all workers. */
  name: string;
  /** Makes schemas and tables in the empty database. Close every connection before it resolves. */
  prepare(url: string): Promise<void>;
}

export interface TestDatabase {
  url: string;
  name: string;
  /** Opened at its first use, closed by drop(). Three connections at most. */
  readonly pool: pg.Pool;
  drop(): Promise<void>;
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function asAdmin<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: requiredOfSetup(DATABASE_URL_VARIABLE) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function databaseExists(client: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
  return (rowCount ?? 0) > 0;
}

/** Whoever comes first prepares it under another name and renames it: a half-made template is never cloned. */
async function ensureTemplate(client: pg.Client, template: DatabaseTemplate): Promise<string> {
  const digest = createHash('sha256').update(template.name).digest('hex').slice(0, 20);
  const name = `template_${digest}`;
  await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
  try {
    if (await databaseExists(client, name)) return name;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft}`);
    await template.prepare(withDatabase(requiredOfSetup(DATABASE_URL_VARIABLE), draft));
    await client.query(`alter database ${draft} rename to ${name}`);
    return name;
  } finally {
    await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]);
  }
}

/**
 * A database of its own for a test file (or a test) in the run's PostgreSQL: empty, or a clone of `template`.
 * Other databases of the same cluster are in use meanwhile: their writing transactions delay readers of events a little.
 */
export async function createTestDatabase(options: { template?: DatabaseTemplate } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdmin(async (client) => {
    const template = options.template ? await ensureTemplate(client, options.template) : 'template1';
    await client.query(`create database ${name} template ${template}`);
  });
  const url = withDatabase(requiredOfSetup(DATABASE_URL_VARIABLE), name);
  let pool: pg.Pool | null = null;
  return {
    url,
    name,
    get pool() {
      if (!pool) {
        pool = new pg.Pool({ connectionString: url, max: 3 });
        // pg-pool resolves end() before the last goodbye was answered; a database dropped then breaks the connection.
        pool.on('connect', (client) => client.on('error', () => undefined));
        // An idle connection that the server ends (a forced drop, a restart) is the test's business only when it asks again.
        pool.on('error', (error) => console.warn(`test database ${name}: ${error.message}`));
      }
      return pool;
    },
    async drop() {
      await pool?.end();
      pool = null;
      await asAdmin((client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}
