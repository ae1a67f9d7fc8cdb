import type { EndpointStatus, PauseReason } from '@sluice/endpoint-status';
import { ApiProperty } from '@nestjs/swagger';
import type { EndpointState } from '@sluice/contracts';
import { HOOK_TYPES, type HookType } from '@sluice/endpoints';
import { MASK } from '../sealing/sealing.decider.ts';

class EndpointPause {
  @ApiProperty({ enum: ['person', 'gone', 'failing'] })
  reason!: PauseReason;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty()
  detail!: string;
}

/** DL-03, DL-04: what the dispatcher knows of an endpoint. */
export class EndpointDelivery {
  @ApiProperty({ type: EndpointPause, nullable: true, description: 'null: deliveries go out' })
  paused!: EndpointPause | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'the receiver asked for it' })
  holdUntil!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'nothing but failure since' })
  failingSince!: string | null;
}

export function endpointDeliveryOf({ paused, holdUntil, failingSince }: EndpointStatus): EndpointDelivery {
  return { paused, holdUntil, failingSince };
}

export class EndpointView {
  @ApiProperty({ description: 'the integer of the wire (webhookId)' })
  id!: number;

  @ApiProperty({ format: 'uuid' })
  uuid!: string;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ enum: ['event', 'inline'] })
  kind!: EndpointState['kind'];

  @ApiProperty()
  name!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ type: [String] })
  events!: string[];

  @ApiProperty()
  url!: string;

  @ApiProperty({ enum: ['POST', 'GET'] })
  method!: EndpointState['method'];

  @ApiProperty({ enum: ['application/json', 'application/x-www-form-urlencoded'] })
  contentType!: EndpointState['contentType'];

  @ApiProperty()
  includeEntity!: boolean;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({
    type: 'array',
    items: { type: 'object', properties: { key: { type: 'string' }, value: { type: 'string' } } },
  })
  headers!: { key: string; value: string }[];

  @ApiProperty({ type: String, nullable: true, description: 'masked' })
  secret!: string | null;

  @ApiProperty({ type: String, nullable: true })
  basicUser!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'masked' })
  basicPass!: string | null;

  @ApiProperty({ enum: ['etl', 'standard', 'cloudevents'] })
  format!: EndpointState['format'];

  @ApiProperty({ type: 'object', properties: { schedule: { type: 'array', items: { type: 'string' } } } })
  retry!: { schedule: string[] };

  @ApiProperty({ type: Number, nullable: true })
  rateLimit!: number | null;

  @ApiProperty()
  concurrency!: number;

  @ApiProperty({ type: String, nullable: true })
  filter!: string | null;

  @ApiProperty({ type: String, nullable: true })
  transform!: string | null;

  @ApiProperty({ type: String, nullable: true })
  ordering!: string | null;

  @ApiProperty({ type: String, enum: [...HOOK_TYPES, null], nullable: true, description: 'of an inline endpoint' })
  hookType!: HookType | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: '`whpk_…`, verifies the v1a signatures; null without a secret',
  })
  publicKey!: string | null;

  @ApiProperty({
    type: 'array',
    items: { type: 'object', properties: { until: { type: 'string', format: 'date-time' } } },
    description: 'secrets that were rotated away, and until when each signs as well',
  })
  previousSecrets!: { until: string }[];

  @ApiProperty({ type: String, required: false, nullable: true, description: 'what your own system calls it' })
  externalKey?: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'whose it is: portal links may name endpoints by it' })
  customer!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({ required: false, description: 'true when not every replica had the change within two seconds' })
  propagating?: boolean;

  @ApiProperty({
    type: EndpointDelivery,
    required: false,
    description: 'how deliveries to it fare; only when it is read',
  })
  delivery?: EndpointDelivery;
}

export class EndpointPage {
  @ApiProperty({ type: [EndpointView] })
  items!: EndpointView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** Sealed values are never read back: each shows as the mask. */
export function endpointViewOf(state: EndpointState): EndpointView {
  const { retrySchedule, previousSecrets = [], ...rest } = state;
  return {
    ...rest,
    headers: state.headers.map(({ key }) => ({ key, value: MASK })),
    secret: state.secret ? MASK : null,
    basicPass: state.basicPass ? MASK : null,
    retry: { schedule: retrySchedule },
    filter: state.filter ?? null,
    transform: state.transform ?? null,
    ordering: state.ordering ?? null,
    hookType: state.hookType ?? null,
    publicKey: state.publicKey ?? null,
    customer: state.customer ?? null,
    previousSecrets: previousSecrets.map(({ until }) => ({ until })),
  };
}

export class RotatedSecret extends EndpointView {
  @ApiProperty({ description: 'the new secret, shown only here' })
  newSecret!: string;
}

export class InlineWebhook {
  @ApiProperty({ description: 'the integer of the wire' })
  id!: number;

  @ApiProperty({ enum: HOOK_TYPES })
  hook_type!: HookType;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  description!: string;
}
