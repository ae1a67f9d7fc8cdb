import { numberOf, textOf } from './compare.ts';
import { parseIso, parseWithFormat } from './dates/date-parse.ts';
import { DateTime, secondsOf } from './dates/date-time.ts';
import type { Runtime } from './runtime.ts';
import { fixed } from './signature.ts';
import type { Operation } from './signature.ts';
import { typeError, valueError } from './template-error.ts';
import { textArgument } from './text-tools.ts';
import { typeName } from './type-name.ts';
import { Undefined } from './values.ts';

/** Longest text that is looked at for a date. */
const MAX_TEXT = 200;

/** A date from a text (ISO 8601 or a format), or from seconds since 1970. */
function toDateTime(rt: Runtime, value: unknown, format: unknown): DateTime {
  if (value instanceof Undefined) value.fail();
  rt.spend(50);
  if (value instanceof DateTime) return value;
  const number = typeof value === 'boolean' ? undefined : numberOf(value);
  if (number !== undefined) return fromSeconds(Number(number));
  const text = textOf(value);
  if (text === undefined) throw typeError(`cannot make a date of ${typeName(value)}`);
  if (text.length > MAX_TEXT) throw valueError('the text is too long for a date');
  const hasFormat = format !== undefined && format !== null;
  const parsed = hasFormat ? parseWithFormat(text, textArgument(format, '', 'format')) : parseIso(text);
  return new DateTime(secondsOf(parsed), parsed.microsecond, parsed.offsetSeconds);
}

function fromSeconds(value: number): DateTime {
  const seconds = Math.floor(value);
  if (!Number.isSafeInteger(seconds)) throw valueError('the time is out of range');
  const micros = Math.round((value - seconds) * 1e6);
  return micros === 1e6 ? new DateTime(seconds + 1, 0, 0) : new DateTime(seconds, micros, 0);
}

export const DATE_FILTERS: readonly (readonly [string, Operation])[] = [
  ['to_datetime', fixed(['format'], 0, (rt, value, [format]) => toDateTime(rt, value, format))],
  [
    'strftime',
    fixed(['format'], 1, (rt, value, [format]) =>
      rt.made(toDateTime(rt, value, undefined).format(textArgument(format, '', 'format'))),
    ),
  ],
];
