import { ApiProperty } from '@nestjs/swagger';
import type { BatchRow } from './batches.ts';

export type BatchKind = 'retry' | 'cancel';
export type BatchStatus = 'running' | 'cancelling' | 'finished' | 'cancelled';

export class BatchResource {
  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null of a dry run' })
  id!: string | null;
  @ApiProperty({ format: 'uuid' })
  appId!: string;
  @ApiProperty({ enum: ['retry', 'cancel'] })
  kind!: BatchKind;
  @ApiProperty({ enum: ['running', 'cancelling', 'finished', 'cancelled'] })
  status!: BatchStatus;
  @ApiProperty({ type: Object, description: 'which runs, as it was asked for' })
  query!: Record<string, unknown>;
  @ApiProperty({ description: 'runs that the query found when it was asked for' })
  total!: number;
  @ApiProperty({ description: 'runs that were retried or cancelled so far' })
  done!: number;
  @ApiProperty({ description: 'runs that could not be' })
  skipped!: number;
  @ApiProperty({
    type: Object,
    additionalProperties: { type: 'integer' },
    description: 'why runs were skipped: how many by the code of the error',
    example: { flow_paused: 2 },
  })
  reasons!: Record<string, number>;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;
}

export class BatchPage {
  @ApiProperty({ type: [BatchResource] })
  items!: BatchResource[];
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  nextCursor!: string | null;
}

export function batchResource(row: BatchRow): BatchResource {
  return {
    id: row.id,
    appId: row.app_id,
    kind: row.kind,
    status: row.status,
    query: JSON.parse(row.query) as Record<string, unknown>,
    total: row.total,
    done: row.done,
    skipped: row.skipped,
    reasons: JSON.parse(row.reasons) as Record<string, number>,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}
