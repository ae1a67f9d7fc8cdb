import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches, ValidateIf } from 'class-validator';

/** The field may be left out; unlike class-validator's IsOptional it does not let `null` pass. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_object, value: unknown) => value !== undefined);

/** The field may be left out or `null`. */
export const MayBeNull = (): PropertyDecorator =>
  ValidateIf((_object, value: unknown) => value !== undefined && value !== null);

const Trimmed = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

const NO_CONTROLS = /^\P{Cc}*$/u;
const NO_CONTROLS_BUT_LINES = /^(?:\P{Cc}|[\n\r\t])*$/u;

/** Trimmed text of 1–200 characters without control characters. */
export const IsName = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ minLength: 1, maxLength: 200 }),
    Trimmed(),
    IsString({ message: 'must be text' }),
    Length(1, 200, { message: 'must have 1 to 200 characters' }),
    Matches(NO_CONTROLS, { message: 'must not contain control characters' }),
  );

/** Text of several lines, possibly empty. */
export const IsDescription = (maxLength = 2000): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ maxLength, required: false, default: '' }),
    IsString({ message: 'must be text' }),
    Length(0, maxLength, { message: `must have at most ${maxLength} characters` }),
    Matches(NO_CONTROLS_BUT_LINES, { message: 'must not contain control characters' }),
  );
