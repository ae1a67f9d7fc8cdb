import { isCalendarDay } from '@sluice/contracts';
import { ValidateBy, type ValidationArguments } from 'class-validator';

/** RFC 3339 §5.6, or a bare date (midnight UTC); ISO 8601 knows more forms, which Date does not. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && INSTANT.test(value) && !Number.isNaN(Date.parse(value)) && isCalendarDay(value);
}

/**
 * Text that names an instant. Give PostgreSQL `new Date(value)`, never the text: it refuses offsets that RFC 3339 allows
 * (from 16 hours on) and the year 0.
 */
export const IsInstant = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInstant',
    validator: { validate: isInstant, defaultMessage: () => 'must be a time (RFC 3339)' },
  });

/** Beside IsInstant: not before the time of the field `other`, where that is given and a time itself. Equal ones are a range with nothing in it. */
export const IsNotBefore = (other: string): PropertyDecorator =>
  ValidateBy({
    name: 'isNotBefore',
    validator: {
      validate: (until: unknown, args?: ValidationArguments) => {
        const since = (args?.object as Record<string, unknown> | undefined)?.[other];
        return !isInstant(until) || !isInstant(since) || Date.parse(since as string) <= Date.parse(until as string);
      },
      defaultMessage: () => `must not be before ${other}`,
    },
  });
