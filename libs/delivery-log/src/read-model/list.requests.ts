import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInstant, IsLimit, IsNotBefore } from '@sluice/platform';
import { IsOptional, IsString, MaxLength, ValidateBy } from 'class-validator';

/** Text that PostgreSQL takes: it has no place for U+0000. */
export const IsStorableText = (): PropertyDecorator =>
  ValidateBy({
    name: 'isStorableText',
    validator: {
      validate: (value) => typeof value === 'string' && !value.includes('\u0000'),
      defaultMessage: () => 'must be text without the character U+0000',
    },
  });

/** What every list takes: `limit` 1–200 (50), `cursor`, and a time range (RFC 3339). */
export class ListQuery {
  @IsLimit(50)
  limit: number = 50;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(500)
  cursor?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant()
  since?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant()
  @IsNotBefore('since')
  until?: string;

  /** Read by the guard, which checks it. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  appId?: string;
}
