import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUUID, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import { IsStorableText, ListQuery } from '../read-model/list.requests.ts';

export const KINDS = ['request', 'run', 'event', 'delivery'] as const;
export type Kind = (typeof KINDS)[number];
const STATUSES = [
  'accepted',
  'rejected',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
  'recorded',
  'pending',
  'discarded',
] as const;
const STATUS_CODE = 'of the last answer to a delivery, or of the answer to a request that was refused';
const KIND_LIST = /^(?:request|run|event|delivery)(?:,(?:request|run|event|delivery)){0,3}$/;
const ENDPOINT = /^(?:[1-9]\d{0,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** All conditions hold together; what a kind cannot have (the status code of a run) finds none of that kind. */
export class SearchQuery extends ListQuery {
  @ApiPropertyOptional({ example: 'run,delivery', description: 'request, run, event, delivery; all unless given' })
  @IsOptional()
  @IsString()
  @Matches(KIND_LIST, { message: 'must be some of request, run, event, delivery, separated by commas' })
  kinds?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'of a request, run, event or delivery' })
  @IsOptional()
  @IsUUID('all')
  id?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID('all')
  triggerId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID('all')
  flowId?: string;

  @ApiPropertyOptional({ description: 'the integer id or the uuid' })
  @IsOptional()
  @IsString()
  @Matches(ENDPOINT, { message: 'must be the integer id or the uuid of an endpoint' })
  endpointId?: string;

  @ApiPropertyOptional({ description: 'of events and deliveries, exactly' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsStorableText()
  eventType?: string;

  @ApiPropertyOptional({
    enum: STATUSES,
    description: 'of requests accepted or rejected, of events recorded, the others of runs and deliveries',
  })
  @IsOptional()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];

  @ApiPropertyOptional({ type: 'integer', minimum: 100, maximum: 599, description: STATUS_CODE })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(100)
  @Max(599)
  statusCode?: number;

  @ApiPropertyOptional({
    minLength: 2,
    maxLength: 200,
    description:
      'text anywhere in bodies, headers, reasons of refusals, event data, results, errors, requests sent and answers; upper and lower case are the same',
  })
  @IsOptional()
  @IsString()
  @MinLength(2)
  @MaxLength(200)
  @IsStorableText()
  q?: string;
}

export class SearchItem {
  @ApiProperty({ enum: KINDS })
  kind!: Kind;

  @ApiProperty({ format: 'uuid', description: 'GET /v1/timeline/{id} shows what belongs to it' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'for people' })
  title!: string;

  @ApiProperty()
  status!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  triggerId!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  flowId!: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  endpointId!: number | null;

  @ApiProperty({ type: String, nullable: true })
  eventType!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: `${STATUS_CODE}; null without one` })
  statusCode!: number | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  runId!: string | null;
}

export class SearchPage {
  @ApiProperty({ type: [SearchItem], description: 'newest first' })
  items!: SearchItem[];

  @ApiProperty({ type: String, nullable: true, description: 'null: everything was looked at' })
  nextCursor!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'the time of one answer was over when it had looked back so far; nextCursor goes on there',
  })
  searchedUntil!: string | null;
}
