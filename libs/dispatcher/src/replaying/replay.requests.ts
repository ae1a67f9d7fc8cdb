import { ApiProperty } from '@nestjs/swagger';
import { IsInstant } from '@sluice/platform';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { REPLAYABLE, type Replayable } from './replay.ts';

const MAX_IDS = 1000;
const IsGiven = (): PropertyDecorator => ValidateIf((_object, value: unknown) => value !== undefined && value !== null);
/** An event type, `prefix.*`, or `*` for all. */
const EVENT_PATTERN = /^(?:\*|[^\s*\p{Cc}]{1,198}(?:\.\*)?)$/u;
const listOf = (items: Record<string, unknown>, maxItems: number) => ({
  required: false,
  nullable: true,
  type: 'array' as const,
  items,
  minItems: 1,
  maxItems,
});

/** Which events are sent to an endpoint again. */
export class ReplayToOne {
  @ApiProperty({
    required: false,
    nullable: true,
    type: String,
    format: 'date-time',
    description: 'accepted at or after',
  })
  @IsGiven()
  @IsInstant()
  since?: string | null;

  @ApiProperty({ required: false, nullable: true, type: String, format: 'date-time', description: 'accepted before' })
  @IsGiven()
  @IsInstant()
  until?: string | null;

  @ApiProperty({
    ...listOf({ type: 'string', enum: REPLAYABLE }, REPLAYABLE.length),
    description:
      'how their deliveries ended; `missing`: there was none. All unless given; what is pending is left alone',
  })
  @IsGiven()
  @IsArray({ message: 'must be a list' })
  @ArrayMinSize(1, { message: 'names nothing' })
  @ArrayMaxSize(REPLAYABLE.length, { message: 'names one twice' })
  @IsIn(REPLAYABLE, { each: true, message: `must be of ${REPLAYABLE.join(', ')}` })
  status?: Replayable[] | null;

  @ApiProperty({ ...listOf({ type: 'string' }, 100), description: 'types as in subscriptions, such as "order.*"' })
  @IsGiven()
  @IsArray({ message: 'must be a list of event types' })
  @ArrayMinSize(1, { message: 'names nothing' })
  @ArrayMaxSize(100, { message: 'must name at most 100 event types' })
  @IsString({ each: true, message: 'must be texts' })
  @Matches(EVENT_PATTERN, { each: true, message: 'must be event types such as "order.created", "order.*" or "*"' })
  eventTypes?: string[] | null;

  @ApiProperty({
    required: false,
    nullable: true,
    type: String,
    maxLength: 10_000,
    description: 'an expression over `event`, as in the filter of an endpoint',
  })
  @IsGiven()
  @IsString({ message: 'must be text' })
  @Length(1, 10_000, { message: 'must have 1 to 10000 characters' })
  @Matches(/^[^\0]*$/, { message: 'must not contain U+0000' })
  filter?: string | null;

  @ApiProperty({ ...listOf({ type: 'string', format: 'uuid' }, MAX_IDS), description: 'these events and no others' })
  @IsGiven()
  @IsArray({ message: 'must be a list of ids' })
  @ArrayMinSize(1, { message: 'names no event' })
  @ArrayMaxSize(MAX_IDS, { message: `names more than ${MAX_IDS} events` })
  @IsUUID('all', { each: true, message: 'must be a list of ids' })
  eventIds?: string[] | null;
}

/** The same, to one endpoint or to all. */
export class ReplayToAny extends ReplayToOne {
  @ApiProperty({
    required: false,
    nullable: true,
    type: String,
    description: 'one endpoint, by its integer or uuid; all of the app that are enabled unless given',
  })
  @IsGiven()
  @Type(() => String)
  @IsString({ message: 'must be the id of an endpoint' })
  @MaxLength(36, { message: 'must be the id of an endpoint' })
  endpointId?: string | null;

  @ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(200)
  appId?: string;
}
