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
  logger: StoreLogger;
}

const CONNECT_TIMEOUT_MS = 3000;

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
    // While a connection is lent the pool does not listen: without a listener its end would end the process.
    client.on('error', (error) => this.#settings.logger.warn(`${this.#settings.purpose} connection: ${error.message}`));
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
    const { rows } = await client.query<{ pid: number; started: string }>(
      `select set_config('transaction_timeout', $1, false), set_config('plan_cache_mode', 'force_generic_plan', false),
        pg_backend_pid() as pid, (select backend_start::text from pg_stat_get_activity(pg_backend_pid())) as started`,
      [String(this.#settings.transactionTimeoutMs)],
    );
    const row = rows[0];
    if (!row) throw new Error('PostgreSQL did not name its process');
    const epoch = await currentEpoch(client, this.#settings.schema);
    return { client, epoch, backend: { pid: row.pid, startedAt: row.started } };
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }
}
