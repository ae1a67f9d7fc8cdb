import { ApiProperty } from '@nestjs/swagger';
import type { EndpointState } from '@sluice/contracts';
import { HOOK_TYPES, type HookType } from '@sluice/endpoints';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import {
  IsCustomer,
  IsDescription,
  IsExternalKey,
  IsName,
  MayBeAbsent,
  MayBeNull,
  NamesApp,
} from '../requests/field.decorators.ts';
import { SearchQuery } from '../requests/page.requests.ts';

/** An event type, `prefix.*`, or `*` for all. */
const EVENT_PATTERN = /^(?:\*|[^\s*\p{Cc}]{1,198}(?:\.\*)?)$/u;
const EVENTS = [
  IsArray({ message: 'must be a list of event types' }),
  ArrayMinSize(1, { message: 'must name at least one event type, or "*" for all' }),
  ArrayMaxSize(100, { message: 'must name at most 100 event types' }),
  ArrayUnique({ message: 'names an event type twice' }),
  IsString({ each: true, message: 'must be texts' }),
  Matches(EVENT_PATTERN, { each: true, message: 'must be event types such as "order.created", "order.*" or "*"' }),
];
export const IsEvents = (): PropertyDecorator => (target, key) => {
  for (const decorate of EVENTS) decorate(target, key as string);
};

const TEMPLATE = { required: false, nullable: true, type: String, minLength: 1, maxLength: 10_000 } as const;

class EndpointFields {
  @MayBeAbsent()
  @IsDescription()
  description?: string;

  @ApiProperty({ enum: ['POST', 'GET'], required: false, default: 'POST' })
  @MayBeAbsent()
  @IsIn(['POST', 'GET'], { message: 'must be "POST" or "GET"' })
  method?: EndpointState['method'];

  @ApiProperty({
    enum: ['application/json', 'application/x-www-form-urlencoded'],
    required: false,
    default: 'application/json',
  })
  @MayBeAbsent()
  @IsIn(['application/json', 'application/x-www-form-urlencoded'], {
    message: 'must be "application/json" or "application/x-www-form-urlencoded"',
  })
  contentType?: EndpointState['contentType'];

  @ApiProperty({ required: false, default: true })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  includeEntity?: boolean;

  @ApiProperty({ required: false, default: true })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  enabled?: boolean;

  @ApiProperty({
    required: false,
    type: 'array',
    items: { type: 'object', properties: { key: { type: 'string' }, value: { type: 'string' } } },
    description: 'replaces the whole list; values are masked on read, and the mask keeps the stored value',
  })
  @Allow()
  headers?: { key: string; value: string }[];

  @ApiProperty({ required: false, nullable: true, type: String, description: 'masked on read; the mask keeps it' })
  @Allow()
  secret?: string | null;

  @ApiProperty({ required: false, nullable: true, type: String })
  @MayBeNull()
  @IsString({ message: 'must be text' })
  @Length(0, 200, { message: 'must have at most 200 characters' })
  @Matches(/^\P{Cc}*$/u, { message: 'must not contain control characters' })
  basicUser?: string | null;

  @ApiProperty({ required: false, nullable: true, type: String, description: 'masked on read; the mask keeps it' })
  @Allow()
  basicPass?: string | null;

  @ApiProperty({ enum: ['etl', 'standard', 'cloudevents'], required: false, default: 'etl' })
  @MayBeAbsent()
  @IsIn(['etl', 'standard', 'cloudevents'], { message: 'must be "etl", "standard" or "cloudevents"' })
  format?: EndpointState['format'];

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    properties: { schedule: { type: 'array', items: { type: 'string' } } },
    description: 'ISO 8601 durations: the delay before each attempt, the first one included',
  })
  @Allow()
  retry?: { schedule: string[] } | null;

  @ApiProperty({ required: false, nullable: true, type: 'integer', description: 'requests per second' })
  @MayBeNull()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(100_000, { message: 'must be at most 100000' })
  rateLimit?: number | null;

  @ApiProperty({ type: 'integer', required: false, default: 10 })
  @MayBeAbsent()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(1000, { message: 'must be at most 1000' })
  concurrency?: number;

  @ApiProperty({
    ...TEMPLATE,
    description: 'an expression over `event` (Jinja2): only events for which it is true are sent',
    example: 'event.data.total > 100',
  })
  @Allow()
  filter?: string | null;

  @ApiProperty({
    ...TEMPLATE,
    description: 'a template over `event` (Jinja2): its result is the body in place of the format’s',
    example: '{{ {"text": "Order " ~ event.subject} }}',
  })
  @Allow()
  transform?: string | null;

  @ApiProperty({
    ...TEMPLATE,
    description: '`endpoint`, or an expression over `event`: deliveries of one key go one after another',
    example: 'event.subject',
  })
  @Allow()
  ordering?: string | null;

  @ApiProperty({
    enum: [...HOOK_TYPES, null],
    type: String,
    required: false,
    nullable: true,
    description: 'of an inline endpoint: what it decides',
  })
  @Allow()
  hookType?: HookType | null;

  @IsExternalKey()
  externalKey?: string | null;

  @IsCustomer()
  customer?: string | null;

  @NamesApp()
  appId?: string;
}

export class CreateEndpoint extends EndpointFields {
  @ApiProperty({ enum: ['event', 'inline'] })
  @IsIn(['event', 'inline'], { message: 'must be "event" or "inline"' })
  kind!: EndpointState['kind'];

  @IsName()
  name!: string;

  @ApiProperty({
    type: [String],
    required: false,
    description: '"*" is all, "order.*" all that begin so; required for kind "event"',
  })
  @ValidateIf(
    ({ events, kind }: CreateEndpoint) => events !== undefined && !(Array.isArray(events) && kind === 'inline'),
  )
  @IsEvents()
  events?: string[];

  @ApiProperty({ format: 'uri' })
  @Allow()
  url!: string;
}

export class ChangeEndpoint extends EndpointFields {
  @ApiProperty({ enum: ['event', 'inline'], required: false, description: 'does not change' })
  @MayBeAbsent()
  @IsIn(['event', 'inline'], { message: 'must be "event" or "inline"' })
  kind?: EndpointState['kind'];

  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsName()
  name?: string;

  @ApiProperty({ type: [String], required: false })
  // An empty list is for the endpoint's kind to judge; an empty text is no list.
  @ValidateIf(({ events }: ChangeEndpoint) => events !== undefined && !(Array.isArray(events) && events.length === 0))
  @IsEvents()
  events?: string[];

  @ApiProperty({ format: 'uri', required: false })
  @Allow()
  url?: string;
}

export class EndpointsQuery extends SearchQuery {
  @ApiProperty({ required: false, maxLength: 200, description: 'only those of this customer' })
  @MayBeAbsent()
  @IsString({ message: 'must be text' })
  @Length(1, 200, { message: 'must have 1 to 200 characters' })
  @Matches(/^\P{Cc}*$/u, { message: 'must not contain control characters' })
  customer?: string;
}

export class RotateSecret {
  @ApiProperty({
    required: false,
    type: String,
    default: 'PT24H',
    description: 'how long the present secret signs as well; ISO 8601, at most P7D',
  })
  @Allow()
  overlap?: string;

  @ApiProperty({ required: false, type: String, description: 'the new secret; one is made unless it is given' })
  @Allow()
  secret?: string;
}
