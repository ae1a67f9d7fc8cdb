import { ApiProperty } from '@nestjs/swagger';
import { IsInstant, IsNotBefore } from '@sluice/platform';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsIn,
  IsObject,
  IsString,
  IsUUID,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

export const ENDED = ['failed', 'succeeded', 'cancelled', 'timed_out'] as const;
export const GOING_ON = ['running', 'waiting', 'queued'] as const;
const MAX_IDS = 1_000;
const IsGiven = (): PropertyDecorator => ValidateIf((_object, value: unknown) => value !== undefined);

/** Which runs, besides their status. */
class RunsOfBatch {
  @ApiProperty({ required: false, format: 'uuid' })
  @IsGiven()
  @IsUUID('all', { message: 'must be the id of a flow' })
  flowId?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'queued at or after this time' })
  @IsGiven()
  @IsInstant()
  since?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'queued before this time' })
  @IsGiven()
  @IsInstant()
  @IsNotBefore('since')
  until?: string;

  @ApiProperty({
    required: false,
    type: 'array',
    items: { type: 'string', format: 'uuid' },
    minItems: 1,
    maxItems: MAX_IDS,
    description: 'these runs and no others',
  })
  @IsGiven()
  @IsArray({ message: 'must be a list of ids' })
  @ArrayMinSize(1, { message: 'names no run' })
  @ArrayMaxSize(MAX_IDS, { message: `names more than ${MAX_IDS} runs` })
  @IsUUID('all', { each: true, message: 'must be a list of ids' })
  ids?: string[];
}

export class RunsToRetry extends RunsOfBatch {
  @ApiProperty({ required: false, enum: ENDED, default: 'failed' })
  @IsGiven()
  @IsIn(ENDED, { message: `must be one of ${ENDED.join(', ')}` })
  status?: (typeof ENDED)[number];
}

export class RunsToCancel extends RunsOfBatch {
  @ApiProperty({ required: false, enum: GOING_ON, description: 'all of them unless given' })
  @IsGiven()
  @IsIn(GOING_ON, { message: `must be one of ${GOING_ON.join(', ')}` })
  status?: (typeof GOING_ON)[number];
}

const QUERY = { message: 'must be an object that says which runs' };

class InApp {
  @ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' })
  @IsGiven()
  @IsString({ message: 'must be text' })
  @MaxLength(200)
  appId?: string;
}

export class RetryRunsRequest extends InApp {
  @ApiProperty({ type: RunsToRetry })
  @IsDefined(QUERY)
  @IsObject(QUERY)
  @ValidateNested()
  @Type(() => RunsToRetry)
  query!: RunsToRetry;

  @ApiProperty({ required: false, description: 'the step to begin with; absent: the step that each run failed by' })
  @IsGiven()
  @IsString({ message: 'must be the ref of a step' })
  @MaxLength(64, { message: 'must be the ref of a step' })
  from?: string;

  @ApiProperty({ required: false, enum: ['original', 'current'], default: 'original' })
  @IsGiven()
  @IsIn(['original', 'current'], { message: 'must be "original" or "current"' })
  version?: 'original' | 'current';
}

export class CancelRunsRequest extends InApp {
  @ApiProperty({ type: RunsToCancel })
  @IsDefined(QUERY)
  @IsObject(QUERY)
  @ValidateNested()
  @Type(() => RunsToCancel)
  query!: RunsToCancel;
}
