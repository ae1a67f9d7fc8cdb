import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min } from 'class-validator';

/** The app of a request. Read by the guard; named in a route's query so that it is not an unknown parameter. */
export class AppQuery {
  @ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' })
  @IsOptional()
  @IsString({ message: 'must be text' })
  @MaxLength(200)
  appId?: string;
}

/** The size of a page, 1 to 200, in every list. `fallback` is what the API's document says it is unless given. */
export const IsLimit = (fallback: number): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 200, default: fallback }),
    IsOptional(),
    Type(() => Number),
    IsInt({ message: 'must be a whole number' }),
    Min(1, { message: 'must be at least 1' }),
    Max(200, { message: 'must be at most 200' }),
  );

/** `?limit` of every list. */
export class LimitedQuery extends AppQuery {
  @IsLimit(50)
  limit?: number;
}

/** `?cursor&limit` of a list in the order of its ids, where the cursor is the last id of the page before. */
export class IdPageQuery extends LimitedQuery {
  @ApiProperty({ required: false, format: 'uuid', description: 'nextCursor of the page before' })
  @IsOptional()
  @IsUUID('all', { message: 'is not a cursor of this list' })
  cursor?: string;
}
