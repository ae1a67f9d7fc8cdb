import { kafkaPartitionOf } from '@sluice/bus';
import type { Topic } from '@sluice/contracts';
import { comparePositions, type Position, type StoredEvent } from '@sluice/event-store';
import type { Pool, PoolClient } from 'pg';
import { topicWrites } from '../read-model/topic-writes.ts';

interface CheckpointRow {
  partition: number;
  epoch: number;
  xid: string;
  position: string;
}

/** How far the live read models hold a topic: a position for each of its partitions (one, without Kafka). */
export class AppliedPositions {
  private constructor(
    private readonly topic: Topic,
    private readonly partitions: ReadonlyMap<number, Position>,
  ) {}

  static async read(db: Pool | PoolClient, topic: Topic): Promise<AppliedPositions> {
    const { rows } = await db.query<CheckpointRow>(
      `select partition, epoch, transaction_id::text as xid, position::text as position
       from delivery_log.checkpoints where consumer_group = 'delivery-log' and topic = $1`,
      [topic],
    );
    const positions = rows.map(({ partition, epoch, xid, position }): [number, Position] => [
      partition,
      { epoch, transactionId: BigInt(xid), position: BigInt(position) },
    ]);
    return new AppliedPositions(topic, new Map(positions));
  }

  /** Whether the read models hold what the event says; what says nothing to them counts as held. */
  has(event: StoredEvent): boolean {
    const count = this.partitions.size;
    const partition = count <= 1 ? 0 : kafkaPartitionOf(event.partitionKey ?? event.streamId, count);
    const applied = this.partitions.get(partition);
    if (applied && comparePositions(event.position, applied) <= 0) return true;
    return topicWrites(this.topic, [event]).every(({ rows }) => rows.length === 0);
  }
}
