import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, IsUUID, Matches, MaxLength, MinLength } from 'class-validator';
import { IsStorableText } from '../read-model/list.requests.ts';
import { SearchItem } from '../search/search.requests.ts';

const STATUSES = [
  'accepted',
  'rejected',
  'captured',
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
const KIND_LIST = /^(?:request|run|event|delivery)(?:,(?:request|run|event|delivery)){0,3}$/;
const ENDPOINT = /^(?:[1-9]\d{0,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** All conditions hold together. */
export class TailQuery {
  @ApiPropertyOptional({ description: 'go on behind this id; what `Last-Event-ID` says otherwise' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  after?: string;

  @ApiPropertyOptional({ example: 'run,delivery', description: 'request, run, event, delivery; all unless given' })
  @IsOptional()
  @IsString()
  @Matches(KIND_LIST, { message: 'must be some of request, run, event, delivery, separated by commas' })
  kinds?: string;

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'of one request, run, event or delivery; of a run also its steps, its events and their attempts',
  })
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

  @ApiPropertyOptional()
  @IsOptional()
  @IsStorableText()
  @MaxLength(200)
  eventType?: string;

  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];

  @ApiPropertyOptional({ minLength: 2, maxLength: 200, description: 'text in the event or in the request’s body' })
  @IsOptional()
  @IsStorableText()
  @MinLength(2)
  @MaxLength(200)
  q?: string;

  /** Read by the guard, which checks it. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(200)
  appId?: string;
}

/** Something that happened; a run comes when it starts, when a step of it begins to wait and when it ends, a delivery with each attempt. */
export class TailItem extends SearchItem {
  @ApiProperty({ format: 'uuid' })
  appId!: string;
}

export class TailPage {
  @ApiProperty({ type: [TailItem], description: 'oldest first' })
  items!: TailItem[];

  @ApiProperty({ description: 'give it as `after` to go on' })
  last!: string;

  @ApiProperty({ description: 'there was more than is shown: what lies between is in the search' })
  skipped!: boolean;
}
