import { ApiProperty } from '@nestjs/swagger';
import { Allow, IsBoolean, IsString, Length, Matches } from 'class-validator';
import { IsDescription, MayBeAbsent, NamesApp } from '../requests/field.decorators.ts';

/** As it stands in an address: what a path segment may hold unescaped, and `/`, which is sent as %2F. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:/~-]*$/;

class EventTypeFields {
  @MayBeAbsent()
  @IsDescription()
  description?: string;

  @ApiProperty({
    selfRequired: false,
    nullable: true,
    type: 'object',
    additionalProperties: true,
    description: 'JSON Schema (draft 2020-12) of the data; null: any data. No recursion, at most 64 KiB',
    example: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
  })
  @Allow()
  schema?: unknown;

  @ApiProperty({ required: false, default: false, description: 'refuse events of this type whose data does not fit' })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  validate?: boolean;

  @NamesApp()
  appId?: string;
}

export class CreateEventType extends EventTypeFields {
  @ApiProperty({ minLength: 1, maxLength: 150, pattern: NAME.source, example: 'order.placed' })
  @IsString({ message: 'must be text' })
  @Length(1, 150, { message: 'must have 1 to 150 characters' })
  @Matches(NAME, { message: 'must be letters, digits and . _ : / ~ -, such as order.placed' })
  name!: string;
}

export class ChangeEventType extends EventTypeFields {}
