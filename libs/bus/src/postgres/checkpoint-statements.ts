import type { AlongsideStatement } from '@sluice/event-store';
import type { CheckpointMove } from '../consuming/group-tables.ts';

const MOVE_COLUMNS = ['text', 'text', 'int4', 'int8', 'int2', 'int8', 'int8', 'int2', 'int8', 'int8'] as const;

/**
 * The position column is not null: a row that is not where the mover believes gets null and so refuses the whole
 * transaction, the handler's writes with it. After waiting for a rival's row lock Postgres evaluates the condition
 * again on the newest row version, so two movers cannot both pass. Nor can two in one merged statement (a handler of
 * a lost partition beside its successor in one process): counted per checkpoint, both are refused, and the store then
 * tries each alone.
 */
export function moveStatement(schema: string): AlongsideStatement {
  return {
    name: 'bus_move',
    columns: MOVE_COLUMNS,
    sql: (arrays) => `update ${schema}.checkpoints c set
      epoch = r.to_epoch, transaction_id = r.to_tx,
      position = case when r.movers = 1 and c.fence = r.fence and c.epoch = r.from_epoch
        and c.transaction_id = r.from_tx and c.position = r.from_position then r.to_position end,
      updated_at = now()
      from (select consumer_group, topic, partition, count(*) as movers, min(fence) as fence,
          min(from_epoch) as from_epoch, min(from_tx) as from_tx, min(from_position) as from_position,
          min(to_epoch) as to_epoch, min(to_tx) as to_tx, min(to_position) as to_position
        from unnest(${arrays.join(', ')}) as u(consumer_group, topic, partition, fence,
          from_epoch, from_tx, from_position, to_epoch, to_tx, to_position)
        group by consumer_group, topic, partition) r
      where c.consumer_group = r.consumer_group and c.topic = r.topic and c.partition = r.partition`,
  };
}

export function moveRow(move: CheckpointMove): unknown[] {
  const { key, fence, from, to } = move;
  return [
    key.group,
    key.topic,
    key.partition,
    fence,
    from.epoch,
    from.transactionId,
    from.position,
    to.epoch,
    to.transactionId,
    to.position,
  ];
}

/** The same move in a transaction of its own or the handler's; moves no row when refused. */
export function moveOneSql(schema: string): string {
  return `update ${schema}.checkpoints set epoch = $8, transaction_id = $9, position = $10, updated_at = now()
    where consumer_group = $1 and topic = $2 and partition = $3 and fence = $4
      and epoch = $5 and transaction_id = $6 and position = $7`;
}
