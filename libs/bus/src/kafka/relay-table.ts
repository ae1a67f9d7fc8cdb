import { schemaOf, type ServiceName, type Topic } from '@sluice/contracts';
import type { Position } from '@sluice/event-store';
import type { Pool } from 'pg';

export interface RelayTenure {
  token: bigint;
  positions: Map<Topic, Position>;
}

interface PositionRow {
  topic: Topic;
  epoch: number;
  transaction_id: string;
  position: string;
  token: string;
}

/**
 * Who relays a service's events and how far. The lease is a row with an end, not a session lock, which a connection
 * pooler would break; each tenure has a higher token, and only the newest may save positions.
 */
export class RelayTable {
  readonly #pool: Pool;
  readonly #schema: string;

  constructor(service: ServiceName, pool: Pool) {
    this.#pool = pool;
    this.#schema = schemaOf(service);
  }

  /** Null while another one's lease runs. */
  async acquire(owner: string, leaseMs: number, topics: readonly Topic[]): Promise<RelayTenure | null> {
    const { rows } = await this.#pool.query<PositionRow>(
      `with taken as (
         update ${this.#schema}.relay_lease set owner = $1, token = token + 1,
           lease_until = clock_timestamp() + make_interval(secs => $2)
         where lease_until < clock_timestamp() returning token)
       insert into ${this.#schema}.relay_positions as p (topic, token)
         select t.topic, taken.token from taken, unnest($3::text[]) as t(topic)
       on conflict (topic) do update set token = excluded.token
       returning topic, epoch, transaction_id, position, token`,
      [owner, leaseMs / 1000, topics],
    );
    const [first] = rows;
    if (!first) return null;
    const positions = new Map<Topic, Position>();
    for (const { topic, epoch, transaction_id, position } of rows) {
      positions.set(topic, { epoch, transactionId: BigInt(transaction_id), position: BigInt(position) });
    }
    return { token: BigInt(first.token), positions };
  }

  /** False when another one has taken over. */
  async renew(token: bigint, leaseMs: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `update ${this.#schema}.relay_lease set lease_until = clock_timestamp() + make_interval(secs => $2)
       where token = $1`,
      [token, leaseMs / 1000],
    );
    return rowCount === 1;
  }

  async release(token: bigint): Promise<void> {
    await this.#pool.query(
      `update ${this.#schema}.relay_lease set lease_until = '-infinity', owner = null where token = $1`,
      [token],
    );
  }

  /** False when another one has taken over. */
  async save(token: bigint, topic: Topic, to: Position): Promise<boolean> {
    const { rowCount } = await this.#pool.query({
      name: `relay_save_${this.#schema}`,
      text: `update ${this.#schema}.relay_positions set epoch = $3, transaction_id = $4, position = $5,
        updated_at = now() where topic = $2 and token = $1`,
      values: [token, topic, to.epoch, to.transactionId, to.position],
    });
    return rowCount === 1;
  }
}
