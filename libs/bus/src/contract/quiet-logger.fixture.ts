import type { BusRuntime } from '../consuming/bus-runtime.ts';

/** Keeps what a bus under test says, so that a test can look for it and the report stays readable. */
export class QuietLogger implements Pick<Required<BusRuntime['logger']>, 'log' | 'warn' | 'error'> {
  readonly lines: string[] = [];

  log(message: unknown): void {
    this.lines.push(`log ${String(message)}`);
  }

  warn(message: unknown): void {
    this.lines.push(`warn ${String(message)}`);
  }

  error(message: unknown): void {
    this.lines.push(`error ${String(message)}`);
  }
}
