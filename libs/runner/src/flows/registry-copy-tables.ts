import { TAILED_COLUMNS_SQL, tailedIndexSql } from '@sluice/local-copy';

/**
 * The runner's own copy of what it needs of the registry, fed by registry.events. Versions of flows never change; runs
 * of deleted flows go on. Of secrets it holds where their sealed values are.
 */
export function registryCopyTablesSql(): string[] {
  return [
    `create table runner.flows (
      id uuid primary key, app_id uuid not null, number int not null, name text not null, status text not null,
      version int not null, published_version int, stream_version int not null, ${TAILED_COLUMNS_SQL})`,
    tailedIndexSql('runner.flows'),
    `create table runner.flow_versions (
      flow_id uuid not null, version int not null, app_id uuid not null, number int not null, name text not null,
      definition text not null, primary key (flow_id, version))`,
    `create table runner.secrets (
      app_id uuid not null, name text not null, sealed_id uuid not null, sealed_version int not null,
      stream_version int not null, deleted boolean not null, primary key (app_id, name))`,
    // How far the copy has come, read in the snapshot of every poll; a row per partition of the topic.
    `create table runner.registry_position (
      partition int primary key, epoch smallint not null, transaction_id xid8 not null, position bigint not null)`,
  ];
}
