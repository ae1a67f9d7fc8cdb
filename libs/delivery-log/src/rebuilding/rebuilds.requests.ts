import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { type Projection, PROJECTION_NAMES } from './projections.ts';

export class NewRebuild {
  @ApiProperty({ enum: PROJECTION_NAMES, description: 'what is built again; `all` together' })
  @IsIn(PROJECTION_NAMES, { message: `must be one of ${PROJECTION_NAMES.join(', ')}` })
  projection!: Projection;
}

const STATES = ['running', 'cancelling', 'done', 'failed', 'cancelled'] as const;

/** A read model that is built from events beside the live one. */
export class Rebuild {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: PROJECTION_NAMES })
  projection!: Projection;

  @ApiProperty({
    enum: STATES,
    description: 'done: it is in the place of the old one; failed, cancelled: the old one stays',
  })
  state!: (typeof STATES)[number];

  @ApiProperty({ type: 'integer', description: 'events that were read for it' })
  events!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'events that there are to read, estimated' })
  estimatedEvents!: number | null;

  @ApiProperty({ format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;
}

export class RebuildList {
  @ApiProperty({ type: [Rebuild], description: 'the last 20, newest first' })
  items!: Rebuild[];
}
