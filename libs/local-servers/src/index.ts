export { type DataDirLock, lockDataDir, writePrivately } from './data-dir-lock.ts';
export type { ExitReason } from './detached-process.ts';
export { freePort, isPortFree } from './free-port.ts';
export { kafkaAvailable, kafkaJars } from './kafka-jars.ts';
export { type KafkaOptions, type KafkaServer, startKafka, stopLeftKafka } from './kafka-server.ts';
export { LocalServerError } from './local-server.errors.ts';
export { POSTGRES_SETTINGS } from './postgres-settings.ts';
export {
  type PostgresOptions,
  type PostgresServer,
  postgresAvailable,
  startPostgres,
  stopLeftPostgres,
} from './postgres-server.ts';
export { hasEnded, identify, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';
