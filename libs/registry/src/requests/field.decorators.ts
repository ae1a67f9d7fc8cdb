import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString, Length, Matches, registerDecorator, ValidateIf } from 'class-validator';
import { nameProblem, tidyName } from './name.rules.ts';

/**
 * The field may be left out, and the document says so; unlike class-validator's IsOptional it does not let `null` pass.
 * Stands above what describes the field, because the decorator that is applied last has its way.
 */
export const MayBeAbsent = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ required: false }),
    ValidateIf((_object, value: unknown) => value !== undefined),
  );

/** The field may be left out or `null`. */
export const MayBeNull = (): PropertyDecorator =>
  ValidateIf((_object, value: unknown) => value !== undefined && value !== null);

const Tidied = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? tidyName(value) : value));

const HasVisibleText = (): PropertyDecorator => (target, key) =>
  registerDecorator({
    name: 'hasVisibleText',
    target: target.constructor,
    propertyName: key as string,
    validator: {
      validate: (value: unknown) => typeof value === 'string' && nameProblem(value) === null,
      defaultMessage: (given) => {
        const value: unknown = given?.value;
        return (typeof value === 'string' ? nameProblem(value) : null) ?? 'must be text';
      },
    },
  });

const NO_CONTROLS_BUT_LINES = /^(?:\P{Cc}|[\n\r\t])*$/u;

/** Text of 1–200 characters as `name.rules.ts` has it: composed, trimmed, nothing invisible. */
export const IsName = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ minLength: 1, maxLength: 200 }),
    Tidied(),
    IsString({ message: 'must be text' }),
    Length(1, 200, { message: 'must have 1 to 200 characters' }),
    HasVisibleText(),
  );

/** A key by which others find a resource again when its name has changed: printable ASCII, unique per app and kind. */
export const IsExternalKey = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      type: String,
      required: false,
      nullable: true,
      minLength: 1,
      maxLength: 200,
      pattern: '^[!-~]+$',
      description: 'what your own system calls it: unique among those of its kind in the app; imports find it by this',
    }),
    MayBeNull(),
    IsString({ message: 'must be text' }),
    Matches(/^[!-~]{1,200}$/, { message: 'must be 1 to 200 letters, digits or signs of ASCII, without blanks' }),
  );

/** Whose something is, in the words of the app's owner: any visible text. */
export const IsCustomer = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      type: String,
      required: false,
      nullable: true,
      minLength: 1,
      maxLength: 200,
      description: 'whose it is, in your own words: a portal link may name endpoints by it',
    }),
    MayBeNull(),
    Tidied(),
    IsString({ message: 'must be text' }),
    Length(1, 200, { message: 'must have 1 to 200 characters' }),
    HasVisibleText(),
  );

/** The app, where a request may name it in its body; whoever may call the route has checked it by then. */
export const NamesApp = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ required: false, description: 'the app by its id or name, instead of the header X-Sluice-App' }),
    MayBeAbsent(),
    IsString({ message: 'must be text' }),
  );

/** Text of several lines, possibly empty. */
export const IsDescription = (maxLength = 2000): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ maxLength, required: false, default: '' }),
    IsString({ message: 'must be text' }),
    Length(0, maxLength, { message: `must have at most ${maxLength} characters` }),
    Matches(NO_CONTROLS_BUT_LINES, { message: 'must not contain control characters' }),
  );
