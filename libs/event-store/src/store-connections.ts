import { type ClientConfig, Pool, type PoolClient } from 'pg';
import { currentEpoch } from './epoch.ts';

export interface StoreLogger {
  log(message: string): void;
  warn(message: string): void;
}

/** A connection whose session is set up and whose epoch is known. */
export interface StoreClient {
  client: PoolClient;
  epoch: number;
  /** Identifies the server process, to find out later whether it is still at work. */
  backend: { pid: number; startedAt: string };
}

export interface ConnectionSettings {
  schema: string;
  connection: ClientConfig;
  purpose: string;
  size: number;
  transactionTimeoutMs: number;
  /** After this time an unused connection is closed, in milliseconds; 0 keeps it. */
  idleTimeoutMs: number;
  /** Further settings of the session. */
  session?: Readonly<Record<string, string>>;
  logger: StoreLogger;
}

const CONNECT_TIMEOUT_MS = 3000;
const NO_ANSWER_MS = 2000;

/**
 * A generic plan is kept until the statistics change. One made while a table was small and analysed scanned and sorted
 * the whole table at 100,000 rows: 5,556 buffers for a batch of 500 and for each empty poll, instead of 43 and 9. Our
 * own statements are all meant to walk indexes. (Without `jit = off` PostgreSQL 17 would compile what it has to scan
 * nevertheless, because it prices a disabled plan at 10^10.)
 */
export const SESSION = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', jit: 'off' };
/** Sessions that run nothing but the queries of event-reader.ts. */
export const READER_SESSION = { enable_sort: 'off', enable_bitmapscan: 'off' };

/** A small pool of prepared connections; a new one determines the epoch before it is handed out. */
export class StoreConnections {
  readonly #pool: Pool;
  readonly #settings: ConnectionSettings;
  readonly #known = new WeakMap<PoolClient, StoreClient>();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#pool = new Pool({
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...settings.connection,
      application_name: `sluice:${settings.schema}:${settings.purpose}`,
      keepAlive: true,
      max: settings.size,
      idleTimeoutMillis: settings.idleTimeoutMs,
      // The server ends what takes long; this is for a server that does not answer any more.
      ...(settings.transactionTimeoutMs > 0 ? { query_timeout: settings.transactionTimeoutMs + NO_ANSWER_MS } : {}),
    });
    // While a connection is lent the pool does not listen: without a listener its end would end the process. Not where it
    // is lent: PostgreSQL may end it with the very packet that says it is ready, before any await goes on.
    this.#pool.on('connect', (client) => {
      client.on('error', (error) => settings.logger.warn(`${settings.purpose} connection: ${error.message}`));
    });
    this.#pool.on('error', (error) =>
      settings.logger.warn(`idle ${settings.purpose} connection lost: ${error.message}`),
    );
  }

  /** @throws what node-pg throws when the database is away (see isTransientError). */
  async connect(): Promise<StoreClient> {
    const client = await this.#pool.connect();
    const known = this.#known.get(client);
    if (known) return known;
    try {
      const fresh = await this.#setUp(client);
      this.#known.set(client, fresh);
      return fresh;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async use<T>(work: (connected: StoreClient) => Promise<T>): Promise<T> {
    const connected = await this.connect();
    let broken = true;
    try {
      const result = await work(connected);
      broken = false;
      return result;
    } finally {
      connected.client.release(broken);
    }
  }

  async #setUp(client: PoolClient): Promise<StoreClient> {
    const { schema, session, transactionTimeoutMs } = this.#settings;
    const settings = { ...SESSION, ...session, transaction_timeout: String(transactionTimeoutMs) };
    await client.query('select set_config(name, value, false) from unnest($1::text[], $2::text[]) as s(name, value)', [
      Object.keys(settings),
      Object.values(settings),
    ]);
    // A commit that is acknowledged is durable, whatever the role or the database was set to.
    await client.query(`select set_config('synchronous_commit', 'on', false)
      where current_setting('synchronous_commit') in ('off', 'local')`);
    const { rows } = await client.query<{ pid: number; started: string }>(
      'select pid, backend_start::text as started from pg_stat_get_activity(pg_backend_pid())',
    );
    const row = rows[0];
    if (!row) throw new Error('PostgreSQL did not name its process');
    const epoch = await currentEpoch(client, schema);
    return { client, epoch, backend: { pid: row.pid, startedAt: row.started } };
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }
}
