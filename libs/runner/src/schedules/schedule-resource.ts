import { ApiProperty } from '@nestjs/swagger';
import type { FlowStatus } from '@sluice/contracts';
import { nextTickMs } from '@sluice/cron';
import { AppQuery, IsLimit } from '@sluice/platform';
import { IsOptional, IsUUID, Matches } from 'class-validator';
import type { ScheduleRow } from './schedule-copy.ts';

/** Times that `upcoming` tells. */
const UPCOMING = 5;
/** Milliseconds (or none: never) and the id of the last one of a page. */
const CURSOR = /^(\d{1,15}|never)~([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export class SchedulesQuery extends AppQuery {
  @ApiProperty({ required: false, format: 'uuid' })
  @IsOptional()
  @IsUUID('all', { message: 'must be the id of a flow' })
  flowId?: string;

  @IsLimit(50)
  limit?: number;

  @ApiProperty({ required: false, description: 'nextCursor of the page before' })
  @IsOptional()
  @Matches(CURSOR, { message: 'is not a cursor of this list' })
  cursor?: string;
}

export class ScheduleSummary {
  @ApiProperty({ format: 'uuid', description: 'of a listener’s cron: the same as at /app-api/v1/crons' })
  id!: string;
  @ApiProperty({ format: 'uuid' })
  appId!: string;
  @ApiProperty({ format: 'uuid', description: 'what it starts' })
  flowId!: string;
  @ApiProperty({
    enum: ['draft', 'active', 'paused'],
    description: 'of the flow: unless it is active, times pass without a run',
  })
  flowStatus!: FlowStatus;
  @ApiProperty({ enum: ['flow', 'listener'], description: 'whether the flow’s published version says it, or a cron' })
  kind!: 'flow' | 'listener';
  @ApiProperty({ example: '0 9 * * 1-5' })
  cron!: string;
  @ApiProperty({ example: 'Europe/Berlin' })
  timeZone!: string;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'when it comes round next; a time that is over is about to be run; null: never again',
  })
  nextAt!: string | null;
}

export class ScheduleResource extends ScheduleSummary {
  @ApiProperty({ nullable: true, description: 'the input of its runs; the props of a listener' })
  input!: unknown;
  @ApiProperty({
    type: [String],
    description: `nextAt and what follows it, ${UPCOMING} times at most, with daylight saving as it will be`,
  })
  upcoming!: string[];
}

export class SchedulePage {
  @ApiProperty({ type: [ScheduleSummary], description: 'what comes round first stands first' })
  items!: ScheduleSummary[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** A schedule as it is read: with its time, and the status of its flow. */
export interface TimedSchedule extends ScheduleRow {
  /** Unix milliseconds; Infinity: never again. */
  due_ms: number;
  status: FlowStatus;
}

const instant = (ms: number): string => new Date(ms).toISOString();

export function scheduleSummary(row: TimedSchedule): ScheduleSummary {
  return {
    id: row.id,
    appId: row.app_id,
    flowId: row.flow_id,
    flowStatus: row.status,
    kind: row.listener ? 'listener' : 'flow',
    cron: row.cron,
    timeZone: row.time_zone,
    nextAt: Number.isFinite(row.due_ms) ? instant(row.due_ms) : null,
  };
}

/** @param nowMs what was missed until then is run once, so nothing of it is upcoming but `nextAt`. */
export function scheduleResource(row: TimedSchedule, nowMs: number): ScheduleResource {
  const upcoming: string[] = [];
  let at: number | null = Number.isFinite(row.due_ms) ? row.due_ms : null;
  while (at !== null && upcoming.length < UPCOMING) {
    upcoming.push(instant(at));
    at = nextTickMs(row.cron, row.time_zone, Math.max(at, nowMs));
  }
  return { ...scheduleSummary(row), input: JSON.parse(row.data) as unknown, upcoming };
}

export const cursorOf = ({ due_ms: ms, id }: TimedSchedule): string => `${Number.isFinite(ms) ? ms : 'never'}~${id}`;

/** @param cursor one that `SchedulesQuery` lets through. */
export function afterCursor(cursor: string): { ms: number; id: string } {
  const [ms = '', id = ''] = cursor.split('~');
  return { ms: ms === 'never' ? Number.POSITIVE_INFINITY : Number(ms), id };
}
