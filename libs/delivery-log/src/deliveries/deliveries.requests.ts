import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { IsStorableText, ListQuery } from '../read-model/list.requests.ts';

export const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed', 'discarded'] as const;

export class DeliveriesQuery extends ListQuery {
  /** The integer id or the uuid. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(36)
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
