export { type DataDirLock, lockDataDir, writePrivately } from './data-dir-lock.ts';
export { freePort, isPortFree } from './free-port.ts';
export { LocalServerError } from './local-server.errors.ts';
export { POSTGRES_SETTINGS } from './postgres-settings.ts';
export { type ExitReason, type PostgresOptions, type PostgresServer, startPostgres } from './postgres-server.ts';
export { hasEnded, identify, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';
