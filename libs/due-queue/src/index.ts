export { Claim } from './claim.ts';
export { type DueItem, DueQueue, type DueQueueOptions } from './due-queue.ts';
export { dueTableSql, hastenSql, headClaimSql, LEASE_LOST } from './due-table.ts';
export { DueWorker, type DueWorkerOptions } from './due-worker.ts';
