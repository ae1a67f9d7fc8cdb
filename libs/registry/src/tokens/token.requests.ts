import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { SCOPES, scopeOf } from '@sluice/access';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsInt, IsString, Max, Min, registerDecorator } from 'class-validator';
import { IsDescription, MayBeAbsent, MayBeNull } from '../requests/field.decorators.ts';

const MAX_DAYS = 3650;

/** Every entry is a scope; both separators are accepted. */
const AreScopes = (): PropertyDecorator => (target, key) =>
  registerDecorator({
    name: 'areScopes',
    target: target.constructor,
    propertyName: key as string,
    validator: {
      validate: (value: unknown) =>
        Array.isArray(value) && value.every((each) => typeof each === 'string' && scopeOf(each) !== null),
      defaultMessage: () => `must be among ${SCOPES.join(', ')}`,
    },
  });

const IsLife = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: Number, nullable: true, required: false, minimum: 1, maximum: MAX_DAYS, description }),
    MayBeNull(),
    IsInt({ message: 'must be a whole number of days, or null' }),
    Min(1, { message: 'must be at least 1' }),
    Max(MAX_DAYS, { message: `must be at most ${MAX_DAYS}` }),
  );

export class CreateToken {
  @IsLife('days; null: without an end')
  expiration?: number | null;

  @ApiProperty({ enum: SCOPES, isArray: true })
  @IsArray({ message: 'must be a list of scopes' })
  @ArrayMinSize(1, { message: 'must name at least one scope' })
  @ArrayMaxSize(SCOPES.length, { message: 'names more scopes than there are' })
  @AreScopes()
  scopes!: string[];

  @MayBeAbsent()
  @IsDescription(200)
  note?: string;

  @ApiProperty({
    type: String,
    nullable: true,
    required: false,
    description: 'the app by its id or name, instead of the header X-Sluice-App; null: all apps',
  })
  @MayBeNull()
  @IsString({ message: 'must be text or null' })
  appId?: string | null;
}

export class RegenerateToken {
  @IsLife('days from now on; null: without an end; as many as before unless given')
  expiration?: number | null;
}

export class TokenView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  number!: number;

  @ApiProperty({ type: String, nullable: true, description: 'null: all apps' })
  appId!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'whose role limits what it may do; null: nobody' })
  userId!: string | null;

  @ApiProperty()
  note!: string;

  @ApiProperty({ type: [String] })
  scopes!: string[];

  @ApiProperty({ type: Number, nullable: true, description: 'days from creation' })
  expiration!: number | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  expiresAt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'exact to half a minute' })
  last_used!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

export class NewTokenView extends TokenView {
  @ApiProperty({ description: 'shown only here: keep it confidential' })
  token!: string;
}

export class TokenPage {
  @ApiProperty({ type: [TokenView] })
  items!: TokenView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
