import type { Pool } from 'pg';

/**
 * Which of a service's replicas sweeps. A row with an end, not a session lock, which a connection pooler would break.
 * Two that believe to have it do no harm: everything a sweep does may be done twice.
 */
export class RetentionLease {
  constructor(
    private readonly pool: Pool,
    private readonly service: string,
    private readonly owner: string,
    private readonly leaseMs: number,
  ) {}

  /** False while another one's lease runs. Asked again by its owner, it lasts longer. */
  async take(): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `insert into retention.leases as l (service, owner, lease_until)
         values ($1, $2, clock_timestamp() + make_interval(secs => $3))
       on conflict (service) do update set owner = excluded.owner, lease_until = excluded.lease_until
         where l.lease_until < clock_timestamp() or l.owner = excluded.owner`,
      [this.service, this.owner, this.leaseMs / 1000],
    );
    return rowCount === 1;
  }

  /** Gives it up, and says whether the sweep came to its end. */
  async release(isSwept: boolean): Promise<void> {
    await this.pool.query(
      `update retention.leases set owner = null, lease_until = '-infinity',
         swept_at = case when $3 then now() else swept_at end
       where service = $1 and owner = $2`,
      [this.service, this.owner, isSwept],
    );
  }
}
