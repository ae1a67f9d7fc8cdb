/**
 * Settings for one machine that Sluice shares with everything else on it. Durability is never traded: fsync,
 * full_page_writes and synchronous_commit stay on. The reasons stand beside what differs from PostgreSQL's defaults.
 */
export const POSTGRES_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // TCP only: nobody has to reach a directory of ours
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '100',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  jit: 'off', // compiling costs more than any of our queries
  max_parallel_workers_per_gather: '0', // two cores, and containers often have a tiny /dev/shm
  random_page_cost: '1.1',
  // Bursts of inserts: checkpoints by time rather than by volume, or each one writes every page whole again.
  max_wal_size: '4GB',
  min_wal_size: '256MB',
  checkpoint_timeout: '15min',
  wal_buffers: '16MB',
  // `replica`, the default, so that pg_basebackup works on a running Sluice. `minimal` would save nothing: it only
  // helps writes into tables made in the same transaction.
  wal_level: 'replica',
  max_logical_replication_workers: '0', // nobody subscribes: one process less
  // The due-queue deletes what is done and checkpoints are updated at every batch: small tables, vacuumed often.
  autovacuum_naptime: '10s',
  autovacuum_vacuum_cost_delay: '1ms',
  autovacuum_max_workers: '2',
  // Two-phase commit pins old transaction ids, which holds back every reader of events: off, also PostgreSQL's default.
  max_prepared_transactions: '0',
  // A client that vanished without a word (kill -9 of a container) must not keep its transaction open.
  tcp_keepalives_idle: '30',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
  client_connection_check_interval: '5s',
  log_line_prefix: '%m [%p] %q%a ',
  log_checkpoints: 'off',
  log_min_duration_statement: '5s',
};
