import { valueError } from '../template-error.ts';
import { DAYS, MONTHS } from './date-format.ts';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d{2}:?\d{2}(?::?\d{2})?)?)?$/;

/** A time as it was read; what the text does not say is the start of it, in UTC. */
export interface ParsedDate {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  microsecond: number;
  offsetSeconds: number;
}

function start(): ParsedDate {
  return { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0, offsetSeconds: 0 };
}

function offset(text: string | undefined): number {
  if (text === undefined || text.toUpperCase() === 'Z') return 0;
  const digits = text.slice(1).replaceAll(':', '');
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  if (seconds >= 86_400) throw valueError('the time zone is out of range');
  return text.startsWith('-') ? -seconds : seconds;
}

/** ISO 8601 (and RFC 3339): a date, or a date and a time. */
export function parseIso(text: string): ParsedDate {
  const match = ISO.exec(text.trim());
  if (match === null) throw valueError(`'${text.slice(0, 60)}' is not a date of ISO 8601; give its format`);
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  return {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    microsecond: Number((fraction ?? '').slice(0, 6).padEnd(6, '0')),
    offsetSeconds: offset(zone),
  };
}

function names(all: readonly string[], length?: number): string {
  return all.map((name) => name.slice(0, length)).join('|');
}

const PATTERNS: Readonly<Record<string, string>> = {
  Y: '(\\d{4})',
  y: '(\\d{2})',
  m: '(1[0-2]|0?[1-9])',
  d: '(3[01]|[12]\\d|0?[1-9]| [1-9])',
  e: '(3[01]|[12]\\d|0?[1-9]| [1-9])',
  H: '(2[0-3]|[01]\\d|\\d)',
  I: '(1[0-2]|0?[1-9])',
  M: '([0-5]\\d|\\d)',
  S: '([0-5]\\d|\\d)',
  f: '(\\d{1,6})',
  z: '(Z|[+-]\\d{2}:?\\d{2}(?::?\\d{2})?)',
  Z: '(UTC|GMT)',
  p: '(AM|PM)',
  b: `(${names(MONTHS, 3)})`,
  B: `(${names(MONTHS)})`,
  a: `(${names(DAYS, 3)})`,
  A: `(${names(DAYS)})`,
};

/** `strptime`; white space in the format matches any amount of it, case does not matter. */
export function parseWithFormat(text: string, format: string): ParsedDate {
  if (format.length > 200) throw valueError('the date format is too long');
  const letters: string[] = [];
  const expanded = format.replaceAll('%T', '%H:%M:%S').replaceAll('%F', '%Y-%m-%d').replaceAll('%D', '%m/%d/%y');
  const pattern = expanded.replace(/%(.)|(\s+)|([^%\s]+)|%$/gs, (_, letter, space, literal) => {
    if (space !== undefined) return '\\s+';
    if (literal !== undefined) return String(literal).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    if (letter === '%') return '%';
    const known = PATTERNS[String(letter)];
    if (known === undefined || letters.includes(String(letter))) throw valueError(`bad date format '${format}'`);
    letters.push(String(letter));
    return known;
  });
  const match = new RegExp(`^${pattern}$`, 'i').exec(text);
  if (match === null) throw valueError(`'${text.slice(0, 60)}' does not match the date format '${format}'`);
  return assemble(letters, match.slice(1));
}

function assemble(letters: readonly string[], values: readonly (string | undefined)[]): ParsedDate {
  const parsed = start();
  const given = new Map(letters.map((letter, index) => [letter, values[index] ?? '']));
  const number = (letter: string, absent: number): number => Number(given.get(letter) ?? absent);
  const short = given.get('y');
  parsed.year = short === undefined ? number('Y', 1900) : Number(short) + (Number(short) < 69 ? 2000 : 1900);
  const month = given.get('b') ?? given.get('B');
  parsed.month =
    month === undefined
      ? number('m', 1)
      : MONTHS.findIndex((name) => name.toLowerCase().startsWith(month.toLowerCase().slice(0, 3))) + 1;
  parsed.day = number('d', number('e', 1));
  parsed.hour = number('H', 0);
  if (given.has('I')) parsed.hour = (number('I', 0) % 12) + (given.get('p')?.toUpperCase() === 'PM' ? 12 : 0);
  parsed.minute = number('M', 0);
  parsed.second = number('S', 0);
  parsed.microsecond = Number((given.get('f') ?? '').padEnd(6, '0'));
  parsed.offsetSeconds = offset(given.get('z'));
  return parsed;
}
