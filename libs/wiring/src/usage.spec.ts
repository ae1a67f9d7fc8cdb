import { afterEach, describe, expect, it, vi } from 'vitest';
import { commandOf, helpText, type Usage } from './usage.ts';

const USAGE: Usage = {
  command: 'node main.js [migrate]',
  does: 'Does it.',
  settings: ['PORT', 'SLUICE_ADMIN_TOKEN', 'SLUICE_TRUSTED_PROXIES'],
  defaults: { SLUICE_ADMIN_TOKEN: 'generated' },
  commands: { migrate: 'changes the database and ends' },
};

class Ended extends Error {}

/** What was said and the code it ended with, or the command. */
function answerTo(...args: string[]): unknown {
  const said: string[] = [];
  let code: unknown;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(`out: ${text as string}`) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(`err: ${text as string}`) > 0);
  vi.spyOn(process, 'exit').mockImplementation((given) => {
    code = given;
    throw new Ended();
  });
  try {
    return commandOf(USAGE, args);
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    return [code, said.join('')];
  }
}

describe('OP-01: the arguments of a program', () => {
  afterEach(() => vi.restoreAllMocks());

  it('none, or a command it has', () => {
    expect(answerTo()).toBeNull();
    expect(answerTo('migrate')).toBe('migrate');
  });

  it.each([['--help'], ['-h'], ['migrate', '--help'], ['--fast', '--help']])(
    'help goes to stdout and ends with 0: %s %s',
    (...args) => {
      expect(answerTo(...args.filter(Boolean))).toEqual([0, `out: ${helpText(USAGE)}`]);
    },
  );

  it.each([
    [['--fast'], '--fast'],
    [['migrate', 'now'], 'now'],
    [['constructor'], 'constructor'],
    [['', 'migrate'], ''],
  ])('what it does not know is named on stderr and ends with 2: %j', (args, named) => {
    expect(answerTo(...args)).toEqual([
      2,
      `err: There is no argument "${named}".\nUsage: node main.js [migrate]\n--help tells more.\n`,
    ]);
  });

  it('help names arguments, settings with defaults and meaning, and exit codes', () => {
    const lines = helpText(USAGE).split('\n');
    expect(lines[0]).toBe('Usage: node main.js [migrate]');
    for (const line of [
      /^ {2}migrate +changes the database and ends$/,
      /^ {2}--help, -h +print this and end$/,
      /^ {2}PORT +8080 +where it listens; 0 picks a free port$/,
      /^ {2}SLUICE_ADMIN_TOKEN +generated +the first administrator's token/,
      /^ {2}SLUICE_TRUSTED_PROXIES +none +CIDRs/,
      /^ {2}2 {2}wrong arguments$/,
    ])
      expect(lines.filter((each) => line.test(each))).toHaveLength(1);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});
