/** The schema `retention`; run at boot, before any service. */
export function retentionTablesSql(): string[] {
  return [
    'create schema if not exists retention',
    // Who of a service's replicas drops and deletes, and until when.
    `create table if not exists retention.leases (
      service text primary key, owner text, lease_until timestamptz not null default '-infinity', swept_at timestamptz)`,
    // Which transaction ids are how old: tombstones of tailed tables carry nothing else.
    'create table if not exists retention.marks (xid xid8 primary key, taken_at timestamptz not null default now())',
  ];
}
