import { ApiProperty } from '@nestjs/swagger';
import { AppQuery, IdPageQuery, IsInstant, IsNotBefore } from '@sluice/platform';
import {
  Allow,
  IsIn,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  MaxLength,
  ValidateBy,
  ValidateIf,
} from 'class-validator';

const STATUSES = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out'] as const;
/** What an int4 column holds. */
const MAX_VERSION = 2_147_483_647;
/** Something to be seen, and neither controls (NUL is none of PostgreSQL’s) nor half of a surrogate pair. */
const TEXT = /^[^\p{Cc}\p{Cs}]*[^\p{Cc}\p{Cs}\s][^\p{Cc}\p{Cs}]*$/u;

export class RunQuery extends AppQuery {
  @ApiProperty({ required: false, example: '30s', description: 'wait so long for the end of the run; at most 60s' })
  @IsOptional()
  @IsString({ message: 'must be a duration such as 30s' })
  @MaxLength(20)
  wait?: string;
}

export class RunsQuery extends IdPageQuery {
  @ApiProperty({ required: false, format: 'uuid' })
  @IsOptional()
  @IsUUID('all', { message: 'must be the id of a flow' })
  flowId?: string;

  @ApiProperty({
    required: false,
    format: 'uuid',
    description:
      'runs that this trigger started (LT-09); name its flow too, then only the runs of the flow are looked at',
  })
  @IsOptional()
  @IsUUID('all', { message: 'must be the id of a trigger' })
  triggerId?: string;

  @ApiProperty({ required: false, format: 'uuid', description: 'retries of this run' })
  @IsOptional()
  @IsUUID('all', { message: 'must be the id of a run' })
  retryOf?: string;

  @ApiProperty({ required: false, enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES, { message: `must be one of ${STATUSES.join(', ')}` })
  status?: (typeof STATUSES)[number];

  @ApiProperty({
    required: false,
    minLength: 1,
    maxLength: 200,
    description:
      'an id (of the run, or the correlation id of what it belongs to), a number, or a piece of the error: its code, message or step',
  })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @Length(1, 200, { message: 'must have 1 to 200 characters' })
  @Matches(TEXT, { message: 'must not contain control characters, and not only blanks' })
  q?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'queued at or after this time' })
  @IsOptional()
  @IsInstant()
  since?: string;

  @ApiProperty({ required: false, format: 'date-time', description: 'queued before this time' })
  @IsOptional()
  @IsInstant()
  @IsNotBefore('since')
  until?: string;
}

export class RunFlowRequest {
  @ApiProperty({ required: false, description: 'any JSON: what the flow starts with', default: {} })
  @Allow()
  input?: unknown;

  @ApiProperty({ required: false, enum: ['live', 'draft'], default: 'live' })
  @ValidateIf((_object, value: unknown) => value !== undefined)
  @IsIn(['live', 'draft'], { message: 'must be live or draft' })
  mode?: 'live' | 'draft';

  @ApiProperty({
    required: false,
    maxLength: 64,
    description: 'of a draft: run this step alone. The ones before it have put out what `outputs` says, or null',
  })
  @ValidateIf((_object, value: unknown) => value !== undefined)
  @IsString({ message: 'must be the ref of a step' })
  @MaxLength(64, { message: 'must be the ref of a step' })
  step?: string;

  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: true,
    description: 'of a draft: what steps are taken to have put out, by their refs; they are not run',
  })
  @Allow()
  outputs?: Record<string, unknown>;

  @ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' })
  @ValidateIf((_object, value: unknown) => value !== undefined)
  @IsString({ message: 'must be text' })
  @Matches(/^.{1,200}$/su, { message: 'must have 1 to 200 characters' })
  appId?: string;
}

const IsVersion = (): PropertyDecorator =>
  ValidateBy({
    name: 'isVersion',
    validator: {
      validate: (value) =>
        value === 'original' ||
        value === 'current' ||
        (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_VERSION),
      defaultMessage: () => 'must be "original", "current" or the number of a version',
    },
  });

export class RetryRunQuery extends AppQuery {
  /** Read, and described, by what rehearses. */
  @Allow()
  dryRun?: unknown;
}

export class RetryRunRequest {
  @ApiProperty({
    required: false,
    description:
      'the step to begin with; what was done before it is taken over. Absent: the step that the run failed by',
  })
  @ValidateIf((_object, value: unknown) => value !== undefined)
  @IsString({ message: 'must be the ref of a step' })
  @MaxLength(64, { message: 'must be the ref of a step' })
  from?: string;

  @ApiProperty({
    required: false,
    default: 'original',
    description: 'the version of the flow to run: the one of the run, the one that new runs get, or any by its number',
    oneOf: [
      { type: 'string', enum: ['original', 'current'] },
      { type: 'integer', minimum: 1, maximum: MAX_VERSION },
    ],
  })
  @ValidateIf((_object, value: unknown) => value !== undefined)
  @IsVersion()
  version?: 'original' | 'current' | number;

  @ApiProperty({
    required: false,
    description:
      'any JSON, instead of the input of the run; without "from" the new run then begins with the first step',
  })
  @Allow()
  input?: unknown;
}
