/**
 * The tables of a service's consumer groups, for its first migration. `schema` is `schemaOf(service)`.
 * Checkpoints are updated with every batch: the low fillfactor keeps those updates inside the page (HOT).
 */
export function busTablesSql(schema: string): string[] {
  return [
    `create table ${schema}.checkpoints (
      consumer_group text not null,
      topic text not null,
      partition int not null,
      epoch smallint not null default 0,
      transaction_id bigint not null default 0,
      position bigint not null default 0,
      fence bigint not null default 0,
      lease_owner text,
      lease_until timestamptz,
      updated_at timestamptz not null default now(),
      primary key (consumer_group, topic, partition)
    ) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)`,
    `create table ${schema}.dead_letters (
      id uuid primary key,
      consumer_group text not null,
      topic text not null,
      partition int not null,
      stream_id uuid not null,
      version int not null,
      type text not null,
      reason text not null check (reason in ('failed', 'behind')),
      error_name text,
      error_message text,
      state text not null default 'parked' check (state in ('parked', 'handled', 'discarded', 'done')),
      attempts int not null default 1,
      announced int not null,
      parked_at timestamptz not null,
      finished_at timestamptz,
      kind text not null check (kind in ('event', 'foreign')),
      epoch smallint not null,
      transaction_id bigint not null,
      position bigint not null,
      message_key text,
      type_version int not null,
      app_id text,
      data text not null,
      meta text not null,
      occurred_at timestamptz not null,
      body bytea
    )`,
    `create index dead_letters_parked on ${schema}.dead_letters (consumer_group, topic, stream_id, version)
      where state = 'parked'`,
    `create table ${schema}.relay_lease (
      id smallint primary key default 1 check (id = 1),
      owner text,
      token bigint not null default 0,
      lease_until timestamptz not null default '-infinity'
    )`,
    `insert into ${schema}.relay_lease (id) values (1)`,
    `create table ${schema}.relay_positions (
      topic text primary key,
      epoch smallint not null default 0,
      transaction_id bigint not null default 0,
      position bigint not null default 0,
      token bigint not null default 0,
      updated_at timestamptz not null default now()
    ) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)`,
  ];
}
