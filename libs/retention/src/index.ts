export { RetentionWorker, type RetentionOptions, type RetentionReport } from './retention.worker.ts';
export { retentionTablesSql } from './retention-tables.ts';
export { tombstonePrune } from './tombstones.ts';
