import { ApiProperty } from '@nestjs/swagger';
import type { ReplayQuery, ReplayState } from './replay.ts';

export class ReplayAccepted {
  @ApiProperty({ format: 'uuid' })
  replayId!: string;
}

export class ReplayView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ enum: ['running', 'finished', 'cancelled'], description: 'finished: every delivery has ended' })
  state!: ReplayState;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'which events, and where to' })
  query!: ReplayQuery;

  @ApiProperty({ description: 'events looked at' })
  scanned!: number;

  @ApiProperty({ description: 'deliveries planned' })
  planned!: number;

  @ApiProperty({ description: 'of these: not ended yet' })
  pending!: number;

  @ApiProperty()
  succeeded!: number;

  @ApiProperty()
  failed!: number;

  @ApiProperty()
  discarded!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'when everything had been planned' })
  plannedAt!: string | null;
}

export class ReplayPage {
  @ApiProperty({ type: [ReplayView] })
  items!: ReplayView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export interface ReplayRecord {
  id: string;
  app_id: string;
  query: string;
  state: ReplayState;
  scanned: string;
  planned: string;
  succeeded: string;
  failed: string;
  discarded: string;
  created_at: Date;
  finished_at: Date | null;
}

export function replayViewOf(row: ReplayRecord): ReplayView {
  const planned = Number(row.planned);
  const [succeeded, failed, discarded] = [Number(row.succeeded), Number(row.failed), Number(row.discarded)];
  // A delivery that was given up and is retried by a person ends twice.
  const pending = Math.max(0, planned - succeeded - failed - discarded);
  return {
    id: row.id,
    appId: row.app_id,
    state: row.state === 'finished' && pending > 0 ? 'running' : row.state,
    query: JSON.parse(row.query) as ReplayQuery,
    scanned: Number(row.scanned),
    planned,
    pending,
    succeeded,
    failed,
    discarded,
    createdAt: row.created_at.toISOString(),
    plannedAt: row.finished_at?.toISOString() ?? null,
  };
}
