import { didYouMean } from '@sluice/contracts';
import { Cron } from 'croner';

const MAX_LENGTH = 200;
const FIVE_FIELDS = /^\S+(?:\s+\S+){4}$/;
const NICKNAME = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/i;
const SHAPE = 'must be five fields (minute hour day month weekday), or @hourly, @daily, @weekly, @monthly, @yearly';

/** Parsing costs more than asking; the same few expressions are asked at every tick. */
const parsed = new Map<string, Cron>();
const MAX_PARSED = 1_000;

/** Why the expression, in this time zone, is no schedule; null when it is one. */
export function cronProblem(expression: unknown, timeZone: unknown): string | null {
  if (typeof expression !== 'string' || expression.length > MAX_LENGTH) return SHAPE;
  const text = expression.trim();
  if (!FIVE_FIELDS.test(text) && !NICKNAME.test(text)) return SHAPE;
  if (typeof timeZone !== 'string' || !isTimeZone(timeZone)) return timeZoneProblem(timeZone);
  try {
    return nextTickMs(text, timeZone, Date.now()) === null ? 'the time never comes' : null;
  } catch (error) {
    return `is not a cron expression: ${wordsOf(error as Error)}`;
  }
}

/** The parser counts days and months from 0 where it refuses them. */
function wordsOf({ message }: Error): string {
  const words = message.replace(/^CronPattern: /, '');
  return words.replace(
    /(for (?:day|month): )(-?\d+)$/,
    (_all, before: string, count: string) => before + (Number(count) + 1),
  );
}

function timeZoneProblem(timeZone: unknown): string {
  const known = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  const near = typeof timeZone === 'string' ? didYouMean(timeZone, known) : '';
  return `the time zone must be a name such as Europe/Berlin, or an offset such as +05:30${near}`;
}

/** IANA's names and their links, in any case, and offsets (ECMA-402). */
function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * The first tick after a time, both in Unix milliseconds; null when there is none any more.
 * @throws an Error for an expression that `cronProblem` refuses.
 */
export function nextTickMs(expression: string, timeZone: string, afterMs: number): number | null {
  const key = `${timeZone} ${expression}`;
  let cron = parsed.get(key);
  if (!cron) {
    cron = new Cron(expression.trim(), { timezone: timeZone, paused: true });
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(key, cron);
  }
  return cron.nextRun(new Date(afterMs))?.getTime() ?? null;
}
