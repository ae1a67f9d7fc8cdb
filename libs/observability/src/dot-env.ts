import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/**
 * Settings may stand in a `.env` file (running.md), and the SDK reads `OTEL_*` from the environment alone, before any
 * setting is read. So those lines are put there; what is set already stays. A file that cannot be read is told of when
 * the other settings are read.
 */
export function takeFromDotEnv(environment: NodeJS.ProcessEnv, file = '.env'): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return; // loadSettings refuses a file that is there and cannot be read
  }
  for (const [name, value] of Object.entries(parseEnv(text))) {
    if (name.startsWith('OTEL_')) environment[name] ??= value;
  }
}
