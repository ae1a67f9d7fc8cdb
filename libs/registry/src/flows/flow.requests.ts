import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { Allow, IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import { IsExternalKey, IsName, MayBeAbsent, MayBeNull, NamesApp } from '../requests/field.decorators.ts';
import { SearchQuery } from '../requests/page.requests.ts';

/** What of a flow is the same for creating and changing; the definition's fields are judged by flow.rules. */
class FlowFields {
  @ApiProperty({
    enum: ['draft', 'active', 'paused'],
    required: false,
    description: '`live` is another word for active',
  })
  @MayBeAbsent()
  @IsIn(['draft', 'active', 'paused', 'live'], { message: 'must be "draft", "active" or "paused"' })
  status?: string;

  @ApiProperty({ type: String, nullable: true, required: false, description: 'unique in the app' })
  @MayBeNull()
  @IsString({ message: 'must be text' })
  @Length(1, 200, { message: 'must have 1 to 200 characters' })
  @Matches(/^[^\s\p{Cc}]*$/u, { message: 'must not contain blanks or control characters' })
  listener?: string | null;

  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true })
  @Allow()
  inputs?: unknown;

  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: true,
    description: '{mode, status, body}: status a number or a template, body text or any JSON with templates',
  })
  @Allow()
  response?: unknown;

  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: true,
    description: '{steps, response}: what happens when a step has failed for good',
  })
  @Allow()
  onError?: unknown;

  @ApiProperty({ selfRequired: false, type: 'object', additionalProperties: true, description: '{limit, whenFull}' })
  @Allow()
  concurrency?: unknown;

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 0,
    maximum: 9,
    default: 5,
    description: 'of the runs of an app that wait for a place, those of the higher priority begin first',
  })
  @Allow()
  priority?: unknown;

  @ApiProperty({
    required: false,
    type: 'array',
    items: { type: 'object' },
    description: 'when the published version is run: each {cron, timeZone, input}; five fields, UTC unless given',
  })
  @Allow()
  schedules?: unknown;

  @ApiProperty({ required: false, type: Boolean, description: 'undefined names in templates are errors' })
  @Allow()
  strict?: unknown;

  @IsExternalKey()
  externalKey?: string | null;

  @NamesApp()
  appId?: string;
}

export class CreateFlow extends FlowFields {
  @IsName()
  name!: string;

  @ApiProperty({ type: 'array', items: { type: 'object' }, description: 'each {ref, type, …}' })
  @Allow()
  steps!: unknown;
}

export class ChangeFlow extends FlowFields {
  @MayBeAbsent()
  @IsName()
  name?: string;

  @ApiProperty({ required: false, type: 'array', items: { type: 'object' } })
  @Allow()
  steps?: unknown;
}

const MAX_INT4 = 2_147_483_647;

export class PublishFlow {
  @ApiProperty({ type: 'integer', required: false, description: 'the latest saved version unless given' })
  @MayBeAbsent()
  @IsInt({ message: 'must be a whole number' })
  @Min(1)
  @Max(MAX_INT4)
  version?: number;
}

export class RollBackFlow {
  @ApiProperty({ type: 'integer' })
  @IsInt({ message: 'must be a whole number' })
  @Min(1)
  @Max(MAX_INT4)
  version!: number;
}

export class FlowsQuery extends SearchQuery {
  @ApiProperty({ required: false, enum: ['draft', 'active', 'live', 'paused'], description: 'live is active (LC-05)' })
  @IsOptional()
  @Transform(({ value }) => (value === 'live' ? 'active' : (value as unknown)))
  @IsIn(['draft', 'active', 'paused'], { message: 'must be "draft", "active" or "paused"' })
  status?: string;
}

export class CompareQuery {
  @ApiProperty({ type: 'integer', minimum: 1 })
  @Type(() => Number)
  @IsInt({ message: 'must be a version: a whole number' })
  @Min(1)
  @Max(MAX_INT4)
  from!: number;

  @ApiProperty({ type: 'integer', minimum: 1 })
  @Type(() => Number)
  @IsInt({ message: 'must be a version: a whole number' })
  @Min(1)
  @Max(MAX_INT4)
  to!: number;

  @ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' })
  @IsOptional()
  @IsString()
  appId?: string;
}
