import { fixedText } from '../decimal.ts';
import { TemplateError, valueError } from '../template-error.ts';
import { numberOf } from '../compare.ts';
import { makeFloat, Special } from '../values.ts';
import type { Method } from '../values.ts';

const DAY = 86_400_000_000;
/** The largest difference in whole days that microseconds hold exactly; about 270 years. */
const MAX_DAYS = 100_000;

/** Python's timedelta: a difference between two times, in microseconds. */
export class TimeDelta extends Special {
  override readonly typeName = 'datetime.timedelta';
  readonly micros: number;

  constructor(micros: number) {
    super();
    if (!(Math.abs(micros) <= MAX_DAYS * DAY)) throw valueError(`a timedelta is at most ${MAX_DAYS} days`);
    this.micros = Math.round(micros);
  }

  #parts(): { days: number; seconds: number; micros: number } {
    const days = Math.floor(this.micros / DAY);
    const rest = this.micros - days * DAY;
    return { days, seconds: Math.floor(rest / 1e6), micros: rest % 1e6 };
  }

  override attribute(_rt: unknown, name: string): unknown {
    const { days, seconds, micros } = this.#parts();
    if (name === 'days') return days;
    if (name === 'seconds') return seconds;
    return name === 'microseconds' ? micros : undefined;
  }

  override method(name: string): Method | undefined {
    return name === 'total_seconds' ? () => makeFloat(this.micros / 1e6) : undefined;
  }

  override isTrue(): boolean {
    return this.micros !== 0;
  }

  override equals(other: unknown): boolean {
    return other instanceof TimeDelta && other.micros === this.micros;
  }

  override compare(other: unknown): number | undefined {
    return other instanceof TimeDelta ? this.micros - other.micros : undefined;
  }

  override arithmetic(operator: string, other: unknown, reversed: boolean): unknown {
    if (other instanceof TimeDelta) return this.#withDelta(operator, reversed ? other : this, reversed ? this : other);
    const number = numberOf(other);
    if (number === undefined) return undefined;
    const by = Number(number);
    if (operator === '*') return new TimeDelta(this.micros * by);
    if (reversed || (operator !== '/' && operator !== '//')) return undefined;
    if (by === 0) throw new TemplateError('arithmetic', 'division by zero');
    return new TimeDelta(operator === '/' ? this.micros / by : Math.floor(this.micros / by));
  }

  #withDelta(operator: string, left: TimeDelta, right: TimeDelta): unknown {
    if (operator === '+') return new TimeDelta(left.micros + right.micros);
    if (operator === '-') return new TimeDelta(left.micros - right.micros);
    if (operator !== '/' && operator !== '//') return undefined;
    if (right.micros === 0) throw new TemplateError('arithmetic', 'division by zero');
    const quotient = left.micros / right.micros;
    return operator === '/' ? makeFloat(quotient) : Math.floor(quotient);
  }

  override print(): string {
    const { days, seconds, micros } = this.#parts();
    const two = (value: number): string => String(value).padStart(2, '0');
    const clock = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
    return `${days === 0 ? '' : `${days} day${Math.abs(days) === 1 ? '' : 's'}, `}${clock}${fraction}`;
  }

  /** Seconds, as JSON has no differences of time. */
  override native(): unknown {
    return Number(fixedText(Math.abs(this.micros) / 1e6, 6)) * Math.sign(this.micros);
  }
}
