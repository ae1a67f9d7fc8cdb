import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { IsLimit } from '@sluice/platform';
import { IsStorableText, ListQuery } from '../read-model/list.requests.ts';

const ENDPOINT = /^(?:\d{1,10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
export const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed', 'discarded'] as const;

export class DeliveriesQuery extends ListQuery {
  /** The integer id or the uuid. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(36)
  @Matches(ENDPOINT, { message: 'must be the integer id or the uuid of an endpoint' })
  endpointId?: string;

  @ApiPropertyOptional({ enum: DELIVERY_STATUSES })
  @IsOptional()
  @IsIn(DELIVERY_STATUSES)
  status?: (typeof DELIVERY_STATUSES)[number];

  @ApiPropertyOptional()
  @IsOptional()
  @IsStorableText()
  @MaxLength(200)
  eventType?: string;
}

/** The ring is shown whole unless a page of it is asked for. */
export class EndpointEventsQuery {
  @IsLimit(100)
  limit: number = 100;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(500)
  cursor?: string;

  /** Read by the guard, which checks it. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  appId?: string;
}
