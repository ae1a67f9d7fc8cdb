import { valueError } from '../template-error.ts';
import type { DateFields } from './date-time.ts';

export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function offsetText(seconds: number, separator: string): string {
  const size = Math.abs(seconds);
  const rest = size % 60 === 0 ? '' : separator + pad(size % 60, 2);
  return `${seconds < 0 ? '-' : '+'}${pad(Math.floor(size / 3600), 2)}${separator}${pad(Math.floor(size / 60) % 60, 2)}${rest}`;
}

/** Week of the year when weeks begin on Sunday (0) or Monday (1). */
function weekOfYear({ yearDay, weekday }: DateFields, firstDay: 0 | 1): number {
  const sinceFirst = firstDay === 1 ? weekday : (weekday + 1) % 7;
  return Math.floor((yearDay + 6 - sinceFirst) / 7);
}

/** ISO 8601 year and week. */
function isoWeek({ year, yearDay, weekday }: DateFields): { year: number; week: number } {
  const week = Math.floor((yearDay - 1 - weekday + 10) / 7);
  if (week < 1) return { year: year - 1, week: weeksIn(year - 1) };
  return week > weeksIn(year) ? { year: year + 1, week: 1 } : { year, week };
}

function weeksIn(year: number): number {
  const jump = (value: number): number =>
    (value + Math.floor(value / 4) - Math.floor(value / 100) + Math.floor(value / 400)) % 7;
  return jump(year) === 4 || jump(year - 1) === 3 ? 53 : 52;
}

type Directive = (fields: DateFields, seconds: number) => string;

const hour12 = (fields: DateFields): number => ((fields.hour + 11) % 12) + 1;

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  '%': () => '%',
  Y: ({ year }) => pad(year, 4),
  y: ({ year }) => pad(year % 100, 2),
  G: (fields) => pad(isoWeek(fields).year, 4),
  m: ({ month }) => pad(month, 2),
  b: ({ month }) => (MONTHS[month - 1] ?? '').slice(0, 3),
  h: ({ month }) => (MONTHS[month - 1] ?? '').slice(0, 3),
  B: ({ month }) => MONTHS[month - 1] ?? '',
  d: ({ day }) => pad(day, 2),
  e: ({ day }) => String(day).padStart(2),
  j: ({ yearDay }) => pad(yearDay, 3),
  a: ({ weekday }) => (DAYS[weekday] ?? '').slice(0, 3),
  A: ({ weekday }) => DAYS[weekday] ?? '',
  u: ({ weekday }) => String(weekday + 1),
  w: ({ weekday }) => String((weekday + 1) % 7),
  U: (fields) => pad(weekOfYear(fields, 0), 2),
  W: (fields) => pad(weekOfYear(fields, 1), 2),
  V: (fields) => pad(isoWeek(fields).week, 2),
  H: ({ hour }) => pad(hour, 2),
  I: (fields) => pad(hour12(fields), 2),
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  M: ({ minute }) => pad(minute, 2),
  S: ({ second }) => pad(second, 2),
  f: ({ microsecond }) => pad(microsecond, 6),
  z: ({ offsetSeconds }) => offsetText(offsetSeconds, ''),
  ':z': ({ offsetSeconds }) => offsetText(offsetSeconds, ':'),
  Z: ({ offsetSeconds }) => (offsetSeconds === 0 ? 'UTC' : `UTC${offsetText(offsetSeconds, ':')}`),
  s: (_fields, seconds) => String(seconds),
  n: () => '\n',
  t: () => '\t',
};

const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  x: '%m/%d/%y',
};

/** `strftime` in the C locale; `%-d` leaves out leading zeros. */
export function formatDate(fields: DateFields, format: string, seconds: number): string {
  const flat = format.replace(/%([cDFRrTXx])/g, (_, letter) => COMPOSED[String(letter)] ?? '');
  return flat.replace(/%(-?)(:z|[^])?/g, (_, bare, letter) => {
    const directive = DIRECTIVES[String(letter)];
    if (directive === undefined) throw valueError(`unknown date directive %${String(letter ?? '')}`);
    const text = directive(fields, seconds);
    return bare === '-' ? text.replace(/^[0 ]+(?=\d)/, '') : text;
  });
}
