import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { HANDSHAKE_TYPES } from '@sluice/contracts';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsUUID,
  ValidateIf,
} from 'class-validator';
import { TriggerSecretView } from '../trigger-auth/trigger-secret.requests.ts';
import { IsExternalKey, IsName, MayBeAbsent, NamesApp } from '../requests/field.decorators.ts';
import { SearchQuery } from '../requests/page.requests.ts';
import { TRIGGER_METHODS, TRIGGER_PROFILES, type TriggerProfileName } from './trigger-profile.rules.ts';

const FORWARD_TO: ApiPropertyOptions = {
  selfRequired: false,
  nullable: true,
  type: 'object',
  required: ['endpoints'],
  properties: {
    endpoints: { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1, maxItems: 20 },
    headers: {
      type: 'array',
      items: { type: 'string' },
      maxItems: 50,
      description: 'names of those that are handed on',
    },
  },
  additionalProperties: false,
};

class TriggerFields {
  @ApiProperty({ enum: TRIGGER_METHODS, isArray: true, required: false, default: ['POST'] })
  @MayBeAbsent()
  @IsArray({ message: 'must be a list of methods' })
  @ArrayMinSize(1, { message: 'must name at least one method' })
  @ArrayMaxSize(TRIGGER_METHODS.length, { message: 'names more methods than there are' })
  @ArrayUnique({ message: 'names a method twice' })
  @IsIn(TRIGGER_METHODS, { each: true, message: `must be among ${TRIGGER_METHODS.join(', ')}` })
  methods?: string[];

  @ApiProperty({
    selfRequired: false,
    type: 'object',
    additionalProperties: true,
    description:
      'how callers prove who they are: {"type": "none" | "bearer" | "header" | "basic" | "hmac" | "jwt", …} as docs/authentication.md says; unless given, that of the profile: native and flow bearer, run the header X-Sluice-Webhook-Token, listener none',
  })
  @Allow()
  auth?: unknown;

  @ApiProperty({ required: false, nullable: true, description: 'any JSON; the flow reads it as trigger.props' })
  @Allow()
  props?: unknown;

  @ApiProperty({ required: false, default: true })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  enabled?: boolean;

  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    description:
      'runs with the same key execute one after another, in the order of acceptance: "app", "trigger", or a template over body, query, headers and method; null or "none": no order; "app" unless given for profile listener',
  })
  @Allow()
  ordering?: unknown;

  @ApiProperty({
    type: String,
    required: false,
    nullable: true,
    description:
      'template whose value is the idempotency key of a request, such as {{ body.order_id }}; reads body, query, headers, method',
  })
  @Allow()
  idempotency?: unknown;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    required: ['requests', 'windowSeconds'],
    properties: {
      requests: { type: 'integer', minimum: 1, maximum: 1_000_000_000 },
      windowSeconds: { type: 'integer', minimum: 1, maximum: 86_400 },
    },
    additionalProperties: false,
    description: 'most requests in a window that begins with its first request; 429 after that',
  })
  @Allow()
  rateLimit?: unknown;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    required: ['origins'],
    properties: { origins: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 50 } },
    additionalProperties: false,
    description: 'origins whose pages may call the trigger from a browser, or ["*"]',
  })
  @Allow()
  cors?: unknown;

  @ApiProperty({
    required: false,
    nullable: true,
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    maxItems: 200,
    description: 'addresses and CIDRs, IPv4 and IPv6, that may call; null lets every address in',
  })
  @Allow()
  allowedIps?: unknown;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    required: ['type'],
    properties: {
      type: { type: 'string', enum: [...HANDSHAKE_TYPES] },
      verifyToken: { type: 'string', maxLength: 200 },
    },
    additionalProperties: false,
    description: 'the provider whose question is answered without a run; null: as the auth suggests',
  })
  @Allow()
  handshake?: unknown;

  @ApiProperty({ ...FORWARD_TO, description: 'requests go straight to these endpoints, and start no flow' })
  @Allow()
  forwardTo?: unknown;

  @IsExternalKey()
  externalKey?: string | null;

  @NamesApp()
  appId?: string;
}

export class CreateTrigger extends TriggerFields {
  @ApiProperty({ format: 'uuid', required: false, description: 'required, unless a listener is named or it forwards' })
  @ValidateIf((sent: CreateTrigger) => sent.flowId !== undefined || (sent.listener === undefined && !sent.forwardTo))
  @IsUUID('all', { message: 'must be the id of a flow' })
  flowId?: string;

  @ApiProperty({
    required: false,
    description: 'of profile listener, in place of flowId: requests start the flow that has this name when they come',
  })
  @MayBeAbsent()
  @IsName()
  listener?: string;

  @IsName()
  name!: string;

  @ApiProperty({ enum: TRIGGER_PROFILES, required: false, default: 'native', description: 'how callers speak to it' })
  @MayBeAbsent()
  @IsIn(TRIGGER_PROFILES, { message: `must be among ${TRIGGER_PROFILES.join(', ')}` })
  profile?: TriggerProfileName;
}

export class ChangeTrigger extends TriggerFields {
  @MayBeAbsent()
  @IsName()
  name?: string;
}

export class TriggersQuery extends SearchQuery {
  @ApiProperty({ required: false, format: 'uuid' })
  @IsOptional()
  @IsUUID('all', { message: 'must be the id of a flow' })
  flowId?: string;
}

export class TriggerTokenView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class NewTriggerToken extends TriggerTokenView {
  @ApiProperty({ description: 'shown only here: keep it confidential' })
  token!: string;

  @ApiProperty({ type: 'object', properties: { curl: { type: 'string' } } })
  instructions!: { curl: string };
}

export class ShownTriggerToken extends TriggerTokenView {
  @ApiProperty({ description: 'where requests are sent' })
  url!: string;

  @ApiProperty({ description: 'the newest live token; that it was read is in the history' })
  token!: string;

  @ApiProperty({ type: 'object', properties: { curl: { type: 'string' } } })
  instructions!: { curl: string };
}

export class TriggerView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  number!: number;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null when it names a listener' })
  flowId!: string | null;

  @ApiProperty({ required: false, description: 'of profile listener: the name by which it finds its flow' })
  listener?: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: TRIGGER_PROFILES })
  profile!: TriggerProfileName;

  @ApiProperty({ description: 'where requests are sent' })
  url!: string;

  @ApiProperty({ type: [String] })
  methods!: string[];

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'its secret masked' })
  auth!: unknown;

  @ApiProperty({ type: [TriggerSecretView], description: 'live secrets of auth, without the secrets themselves' })
  secrets!: TriggerSecretView[];

  @ApiProperty({ required: false, nullable: true, type: 'array', items: { type: 'string' } })
  allowedIps?: string[] | null;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    properties: { type: { type: 'string', enum: [...HANDSHAKE_TYPES] }, verifyToken: { type: 'string' } },
  })
  handshake?: unknown;

  @ApiProperty({ nullable: true, description: 'any JSON' })
  props!: unknown;

  @ApiProperty({ type: String, nullable: true, description: '"app", "trigger", a template, or null: no order' })
  ordering!: string | null;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ type: String, required: false, nullable: true, description: 'template of the idempotency key' })
  idempotency?: string | null;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    properties: { requests: { type: 'integer' }, windowSeconds: { type: 'integer' } },
  })
  rateLimit?: { requests: number; windowSeconds: number } | null;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    properties: { origins: { type: 'array', items: { type: 'string' } } },
  })
  cors?: { origins: string[] } | null;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    properties: { id: { type: 'string', format: 'uuid' }, until: { type: 'string', format: 'date-time' } },
    description: 'when it was last armed to capture a request',
  })
  capture?: { id: string; until: string } | null;

  @ApiProperty({ type: String, required: false, nullable: true, description: 'what your own system calls it' })
  externalKey?: string | null;

  @ApiProperty(FORWARD_TO)
  forwardTo?: { endpoints: number[]; headers: string[] } | null;

  @ApiProperty({ type: [TriggerTokenView], description: 'live tokens, without the tokens themselves' })
  tokens!: TriggerTokenView[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({ required: false, description: 'true when not every replica had the change within two seconds' })
  propagating?: boolean;
}

export class NewTriggerView extends TriggerView {
  @ApiProperty({ type: String, nullable: true, description: 'shown only here: keep it confidential' })
  token!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'secret of auth; shown only here, and only when it was made here',
  })
  secret!: string | null;

  @ApiProperty({ type: 'object', properties: { curl: { type: 'string' } } })
  instructions!: { curl: string };
}

export class TriggerPage {
  @ApiProperty({ type: [TriggerView] })
  items!: TriggerView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
