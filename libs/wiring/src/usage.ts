import { SETTING_TABLE, type SettingName } from '@sluice/platform';

/** What a program that only settings configure tells of itself. */
export interface Usage {
  /** As somebody types it. */
  command: string;
  /** One sentence or two. */
  does: string;
  /** Settings that are shown; README lists all. */
  settings: readonly SettingName[];
  /** Defaults of this wiring that differ from the table's. */
  defaults?: Partial<Record<SettingName, string>>;
  /** Arguments besides --help, with what they do. */
  commands?: Readonly<Record<string, string>>;
}

/** Settings that are needed most where one command starts everything, and what that command chooses by itself. */
export const LOCAL_SETTINGS = {
  settings: [
    'PORT',
    'HOST',
    'SLUICE_PUBLIC_URL',
    'SLUICE_DATA_DIR',
    'SLUICE_DATABASE_URL',
    'SLUICE_ADMIN_EMAIL',
    'SLUICE_ADMIN_PASSWORD',
    'SLUICE_ADMIN_TOKEN',
    'SLUICE_ENCRYPTION_KEYS',
    'SLUICE_LOG_LEVEL',
    'SLUICE_DEMO',
  ],
  defaults: {
    SLUICE_ADMIN_EMAIL: 'generated',
    SLUICE_ADMIN_PASSWORD: 'generated',
    SLUICE_ADMIN_TOKEN: 'generated',
    SLUICE_ENCRYPTION_KEYS: 'generated',
    SLUICE_LOG_LEVEL: 'warn',
  },
} as const satisfies Pick<Usage, 'settings' | 'defaults'>;

const WIDTH = 24;
/** Names that are wider than their column keep a space behind them. */
const column = (text: string, width: number): string => `${text} `.padEnd(width + 1);

function settingLine(name: SettingName, { defaults }: Usage): string {
  const row = SETTING_TABLE[name];
  const fallback = defaults?.[name] ?? row.fallback ?? 'none';
  return `  ${column(name, WIDTH)}${column(fallback === '' ? 'none' : fallback, 12)}${row.meaning}`;
}

/** What --help prints: arguments, the settings most needed with their defaults, exit codes, where the rest stands. */
export function helpText(usage: Usage): string {
  const argumentsKnown = { ...usage.commands, '--help, -h': 'print this and end' };
  return `Usage: ${usage.command}

${usage.does}

Arguments:
${Object.entries(argumentsKnown)
  .map(([name, does]) => `  ${column(name, WIDTH)}${does}`)
  .join('\n')}

Settings are environment variables or lines of a .env file; a secret may come from the file that <NAME>_FILE names.
Needed most, with their defaults:
${usage.settings.map((name) => settingLine(name, usage)).join('\n')}
README.md lists all of them; README.md and docs/ tell the rest, /docs of what runs describes its API.

Exit codes:
  0  stopped by SIGTERM or SIGINT (Ctrl-C), or done
  1  it did not start, or did not stop within 25 s; the last message says why
  2  wrong arguments
`;
}

/**
 * The one command that was given, or null for none. Where help was asked (exit code 0) or an argument is none (2), it
 * says so and ends the process.
 */
export function commandOf(usage: Usage, args: readonly string[] = process.argv.slice(2)): string | null {
  const [first] = args;
  if (first === undefined) return null;
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(helpText(usage));
    process.exit(0);
  }
  const isKnown = Object.hasOwn(usage.commands ?? {}, first);
  if (isKnown && args.length === 1) return first;
  const unknown = (isKnown ? args[1] : first) ?? '';
  process.stderr.write(
    `There is no argument "${unknown.slice(0, 100)}".\nUsage: ${usage.command}\n--help tells more.\n`,
  );
  process.exit(2);
}
