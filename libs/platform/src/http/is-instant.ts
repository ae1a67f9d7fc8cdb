import { isCalendarDay } from '@sluice/contracts';
import { ValidateBy } from 'class-validator';

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
