import { ApiProperty } from '@nestjs/swagger';
import { PORTAL_PERMISSIONS, type PortalPermission } from '@sluice/contracts';
import { Allow, ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsString } from 'class-validator';
import { EndpointView } from '../endpoints/endpoint.responses.ts';
import { IsEvents } from '../endpoints/endpoint.requests.ts';
import { IsCustomer, MayBeAbsent, NamesApp } from '../requests/field.decorators.ts';

export const MAX_ENDPOINTS = 100;
export const MAX_ORIGINS = 10;

export class CreatePortalLink {
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ type: 'integer' }, { type: 'string', format: 'uuid' }] },
    required: false,
    maxItems: MAX_ENDPOINTS,
    description: 'integers or uuids of event endpoints; either these or a customer',
  })
  @MayBeAbsent()
  @IsArray({ message: 'must be a list of endpoints' })
  @ArrayMinSize(1, { message: 'names no endpoint' })
  @ArrayMaxSize(MAX_ENDPOINTS, { message: `must name at most ${MAX_ENDPOINTS} endpoints` })
  endpointIds?: (number | string)[];

  @IsCustomer()
  customer?: string | null;

  @ApiProperty({ enum: PORTAL_PERMISSIONS, isArray: true, description: 'to view is part of all of them' })
  @IsArray({ message: 'must be a list of permissions' })
  @ArrayMinSize(1, { message: 'must name at least one permission' })
  @ArrayUnique({ message: 'names a permission twice' })
  @IsIn(PORTAL_PERMISSIONS, { each: true, message: `must be of ${PORTAL_PERMISSIONS.join(', ')}` })
  permissions!: PortalPermission[];

  @ApiProperty({ required: false, type: String, default: 'PT1H', description: 'ISO 8601, from PT1M to PT24H' })
  @Allow()
  expiresIn?: string;

  @ApiProperty({
    type: [String],
    required: false,
    maxItems: MAX_ORIGINS,
    description: 'origins of pages that may show the portal in a frame; nobody unless given',
    example: ['https://app.example'],
  })
  @MayBeAbsent()
  @IsArray({ message: 'must be a list of origins' })
  @ArrayMaxSize(MAX_ORIGINS, { message: `must name at most ${MAX_ORIGINS} origins` })
  @IsString({ each: true, message: 'must be texts' })
  embedIn?: string[];

  @ApiProperty({
    type: [String],
    required: false,
    maxItems: 100,
    description: 'with `manage`: events that an endpoint may be made to get, besides those that it gets',
    example: ['order.*'],
  })
  @MayBeAbsent()
  @IsEvents()
  events?: string[];

  @NamesApp()
  appId?: string;
}

class PortalEndpoint {
  @ApiProperty()
  id!: number;

  @ApiProperty({ format: 'uuid' })
  uuid!: string;
}

export class PortalLinkView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ type: [PortalEndpoint] })
  endpoints!: PortalEndpoint[];

  @ApiProperty({ type: String, nullable: true })
  customer!: string | null;

  @ApiProperty({ enum: PORTAL_PERMISSIONS, isArray: true })
  permissions!: PortalPermission[];

  @ApiProperty({ type: [String] })
  embedIn!: string[];

  @ApiProperty({ type: [String] })
  events!: string[];

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'exact to half a minute' })
  lastUsed!: string | null;
}

export class NewPortalLink extends PortalLinkView {
  @ApiProperty({ description: 'whoever has it may use it: shown only here' })
  url!: string;
}

export class PortalLinkPage {
  @ApiProperty({ type: [PortalLinkView] })
  items!: PortalLinkView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class PortalView {
  @ApiProperty({ enum: PORTAL_PERMISSIONS, isArray: true })
  permissions!: PortalPermission[];

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  @ApiProperty({
    type: [String],
    description: 'events that an endpoint may be made to get, besides those that it gets',
  })
  events!: string[];

  @ApiProperty({ type: [EndpointView] })
  endpoints!: EndpointView[];
}
