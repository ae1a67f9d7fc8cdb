export { ReplicaBoard, type ReplicaBoardOptions, replicaTablesSql } from './replica-board.ts';
export { TAILED_COLUMNS_SQL, type TailChange, tailedIndexSql, TableTail, type TableTailOptions } from './table-tail.ts';
