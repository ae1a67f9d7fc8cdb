import { Logger } from '@nestjs/common';
import type { ServiceName } from '@sluice/contracts';
import pg from 'pg';

/** int8 as BigInt loses nothing; columns that are counts are cast to int4 or float8 where they are read. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Connection settings that every connection of a service shares. */
export function connectionOf(databaseUrl: string, service: ServiceName, purpose: string): pg.ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: `sluice-${service}-${purpose}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    options: '-c TimeZone=UTC',
  };
}

const QUERY_TIMEOUT_MS = 30_000;

/** A pool whose idle connections may die (a restart of PostgreSQL) without taking the process with them. */
export function createPool(databaseUrl: string, service: ServiceName, purpose = 'pool', max = 5): pg.Pool {
  const pool = new pg.Pool({
    ...connectionOf(databaseUrl, service, purpose),
    max,
    idleTimeoutMillis: 30_000,
    // A connection that fell silent (a lost route) would be waited for by its worker until TCP gives up, for minutes.
    query_timeout: QUERY_TIMEOUT_MS,
  });
  const log = new Logger('postgres');
  // A client that is lent out has no listener of the pool: when PostgreSQL ends it between two of its statements, an
  // 'error' without a listener would end the process. The statement that follows fails and tells its caller.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug(`a connection of ${service} ended: ${error.message}`));
  });
  pool.on('error', (error) => log.warn(`an idle connection of ${service} was lost: ${error.message}`));
  return pool;
}
