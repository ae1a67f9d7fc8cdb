import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { ListQuery } from '../read-model/list.requests.ts';

const STATUSES = ['accepted', 'rejected'] as const;

/** What a list of a trigger's requests takes. */
export class TriggerRequestsQuery extends ListQuery {
  @ApiProperty({ enum: STATUSES, required: false, description: 'only these; both unless given' })
  @IsOptional()
  @IsIn(STATUSES, { message: `must be ${STATUSES.join(' or ')}` })
  status?: (typeof STATUSES)[number];
}

/** Why a request was refused. */
export class Rejection {
  @ApiProperty({ description: 'the code of the problem that it was answered with (docs/errors.md)' })
  code!: string;

  @ApiProperty({ description: 'the HTTP status of the answer' })
  status!: number;

  @ApiProperty()
  detail!: string;

  @ApiProperty({ description: 'rejections of the trigger that were not recorded since the last one that was' })
  notRecorded!: number;
}

export class RunOfRequest {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: Number, nullable: true })
  number!: number | null;

  @ApiProperty()
  status!: string;
}

/** A request to a trigger, accepted or not. Of one that was refused neither body nor header values are kept. */
export class TriggerRequestView {
  @ApiProperty({ enum: STATUSES })
  status!: (typeof STATUSES)[number];

  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ format: 'uuid' })
  triggerId!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: its listener was nobody’s' })
  flowId!: string | null;

  @ApiProperty({ format: 'date-time' })
  receivedAt!: string;

  @ApiProperty()
  method!: string;

  @ApiProperty({ description: 'as far as trusted proxies say' })
  remoteAddress!: string;

  @ApiProperty({ description: 'bytes of the body; of a refused request as far as it was read or announced' })
  bodySize!: number;

  @ApiProperty({ type: [String], description: 'lower case' })
  headerNames!: string[];

  @ApiProperty({ type: Rejection, nullable: true, description: 'null when it was accepted' })
  rejection!: Rejection | null;

  @ApiProperty({ type: String, nullable: true })
  contentType!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'lower-case hex' })
  bodySha256!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'the first 64 KiB as text' })
  body!: string | null;

  @ApiProperty()
  bodyTruncated!: boolean;

  @ApiProperty({
    selfRequired: true,
    nullable: true,
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'without the credential, Authorization and Cookie',
  })
  headers!: Record<string, string> | null;

  @ApiProperty({ selfRequired: true, nullable: true, type: 'object', additionalProperties: true })
  query!: Record<string, string | string[]> | null;

  @ApiProperty({ type: String, nullable: true })
  traceId!: string | null;

  @ApiProperty({ type: RunOfRequest, nullable: true })
  run!: RunOfRequest | null;
}

export class TriggerRequestPage {
  @ApiProperty({ type: [TriggerRequestView] })
  items!: TriggerRequestView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
