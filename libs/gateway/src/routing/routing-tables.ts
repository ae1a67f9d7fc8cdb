import { TAILED_COLUMNS_SQL, tailedIndexSql } from '@sluice/local-copy';

/**
 * The gateway's own copy of what it needs to route, fed by registry.events. Two tables, because triggers and flows are
 * different streams: over Kafka a trigger may arrive before its flow.
 */
export function routingTablesSql(): string[] {
  return [
    `create table gateway.triggers (
      trigger_id uuid primary key, app_id text not null, flow_id uuid not null, profile text not null,
      methods text not null, auth text not null, token_hashes text not null, enabled boolean not null,
      props text not null, version int not null, ${TAILED_COLUMNS_SQL})`,
    tailedIndexSql('gateway.triggers'),
    `create table gateway.flows (
      flow_id uuid primary key, status text not null, published_version int, saved_version int not null,
      live_mode text, draft_mode text, modes jsonb not null, version int not null, ${TAILED_COLUMNS_SQL})`,
    tailedIndexSql('gateway.flows'),
    // How far the two tables have come, read in the snapshot of every poll; a row per partition of the topic.
    `create table gateway.routing_position (
      partition int primary key, epoch smallint not null, transaction_id xid8 not null, position bigint not null)`,
  ];
}
