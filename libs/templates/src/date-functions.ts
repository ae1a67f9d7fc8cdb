import { BuiltIn } from './built-in.ts';
import { numberOf } from './compare.ts';
import { DateTime } from './dates/date-time.ts';
import { TimeDelta } from './dates/time-delta.ts';
import { fixed, invoke } from './signature.ts';
import { TemplateError, typeError } from './template-error.ts';
import type { Special } from './values.ts';

/** Parameters of timedelta in Python's order, each with its microseconds. */
const UNITS: readonly (readonly [string, number])[] = [
  ['days', 86_400e6],
  ['seconds', 1e6],
  ['microseconds', 1],
  ['milliseconds', 1e3],
  ['minutes', 60e6],
  ['hours', 3_600e6],
  ['weeks', 604_800e6],
];

const timedelta = fixed(
  UNITS.map(([name]) => name),
  0,
  (_rt, _value, args) => {
    let micros = 0;
    UNITS.forEach(([name, size], index) => {
      const given = args[index];
      if (given === undefined) return;
      const number = numberOf(given);
      if (number === undefined) throw typeError(`unsupported type for timedelta ${name} component`);
      micros += Number(number) * size;
    });
    return new TimeDelta(micros);
  },
);

export const DATE_FUNCTIONS: readonly (readonly [string, Special])[] = [
  [
    'now',
    new BuiltIn('now', (rt) => {
      if (rt.now === undefined) throw new TemplateError('unavailable', 'now() is not available here');
      return DateTime.fromMilliseconds(rt.now.getTime());
    }),
  ],
  ['timedelta', new BuiltIn('timedelta', (rt, args) => invoke(rt, 'timedelta', timedelta, null, args))],
];
