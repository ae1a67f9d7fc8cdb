import { valueError } from '../template-error.ts';
import type { Runtime } from '../runtime.ts';
import { bind, fixed } from '../signature.ts';
import type { Operation } from '../signature.ts';
import { textArgument } from '../text-tools.ts';
import { makeFloat, Special } from '../values.ts';
import type { Method } from '../values.ts';
import { formatDate } from './date-format.ts';
import { TimeDelta } from './time-delta.ts';

export interface DateFields {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  microsecond: number;
  /** 0 is Monday. */
  weekday: number;
  /** 1 is the first of January. */
  yearDay: number;
  offsetSeconds: number;
}

/** Seconds since 1970 of a time that is written in the given fields. @throws TemplateError when there is no such time */
export function secondsOf(fields: Omit<DateFields, 'weekday' | 'yearDay'>): number {
  const { year, month, day, hour, minute, second, offsetSeconds } = fields;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isSame = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!isSame || minute > 59 || second > 59 || year < 1 || year > 9999)
    throw valueError('there is no such date or time');
  return date.getTime() / 1000 - offsetSeconds;
}

/** Python's datetime with a time zone; a time that names none is UTC. */
export class DateTime extends Special {
  override readonly typeName = 'datetime.datetime';
  readonly #seconds: number;
  readonly #micros: number;
  readonly #offset: number;

  /** @param seconds since 1970 in UTC; @param micros 0 to 999,999; @param offset seconds east of UTC */
  constructor(seconds: number, micros: number, offset: number) {
    super();
    this.#seconds = seconds;
    this.#micros = micros;
    this.#offset = offset;
    const { year } = this.fields();
    if (!(year >= 1 && year <= 9999)) throw valueError('the year is out of range');
  }

  static fromMilliseconds(milliseconds: number): DateTime {
    const seconds = Math.floor(milliseconds / 1000);
    return new DateTime(seconds, Math.round((milliseconds - seconds * 1000) * 1000), 0);
  }

  fields(): DateFields {
    const date = new Date((this.#seconds + this.#offset) * 1000);
    const year = date.getUTCFullYear();
    return {
      year,
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      microsecond: this.#micros,
      weekday: (date.getUTCDay() + 6) % 7,
      yearDay: Math.floor((date.getTime() - startOfYear(year)) / 86_400_000) + 1,
      offsetSeconds: this.#offset,
    };
  }

  override attribute(_rt: Runtime, name: string): unknown {
    const fields = this.fields();
    switch (name) {
      case 'year':
      case 'month':
      case 'day':
      case 'hour':
      case 'minute':
      case 'second':
      case 'microsecond':
        return fields[name];
      default:
        return undefined;
    }
  }

  override method(name: string): Method | undefined {
    const operation = METHODS.get(name);
    if (operation?.kind !== 'fixed') return undefined;
    return (rt, args) => operation.run(rt, this, bind(name, operation, args));
  }

  format(format: string): string {
    return formatDate(this.fields(), format, this.#seconds);
  }

  isoFormat(separator: string): string {
    const { microsecond } = this.fields();
    const fraction = microsecond === 0 ? '' : '.%f';
    return this.format(`%Y-%m-%d${separator}%H:%M:%S${fraction}%:z`);
  }

  timestamp(): number {
    return this.#seconds + this.#micros / 1e6;
  }

  override equals(other: unknown): boolean {
    return other instanceof DateTime && this.compare(other) === 0;
  }

  override compare(other: unknown): number | undefined {
    if (!(other instanceof DateTime)) return undefined;
    return this.#seconds - other.#seconds || this.#micros - other.#micros;
  }

  override arithmetic(operator: string, other: unknown, reversed: boolean): unknown {
    if (other instanceof TimeDelta && (operator === '+' || (operator === '-' && !reversed))) {
      const micros = this.#micros + (operator === '+' ? other.micros : -other.micros);
      const carried = Math.floor(micros / 1e6);
      return new DateTime(this.#seconds + carried, micros - carried * 1e6, this.#offset);
    }
    if (!(other instanceof DateTime) || operator !== '-') return undefined;
    return new TimeDelta((this.#seconds - other.#seconds) * 1e6 + this.#micros - other.#micros);
  }

  override print(): string {
    return this.isoFormat(' ');
  }

  override native(): unknown {
    return this.isoFormat('T');
  }
}

function startOfYear(year: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, 0, 1);
  return date.getTime();
}

function self(value: unknown): DateTime {
  if (!(value instanceof DateTime)) throw valueError('not a date');
  return value;
}

const METHODS: ReadonlyMap<string, Operation> = new Map([
  [
    'strftime',
    fixed(['format'], 1, (rt, value, [format]) => rt.made(self(value).format(textArgument(format, '', 'format')))),
  ],
  ['isoformat', fixed(['sep'], 0, (rt, value, [sep]) => rt.made(self(value).isoFormat(textArgument(sep, 'T', 'sep'))))],
  ['timestamp', fixed([], 0, (_rt, value) => makeFloat(self(value).timestamp()))],
  ['weekday', fixed([], 0, (_rt, value) => self(value).fields().weekday)],
  ['isoweekday', fixed([], 0, (_rt, value) => self(value).fields().weekday + 1)],
]);
