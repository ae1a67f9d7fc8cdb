import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SETTING_TABLE, type SettingName } from '@sluice/platform';
import { describe, expect, it } from 'vitest';

const README = readFileSync(path.resolve(import.meta.dirname, '../README.md'), 'utf8');
const SECTION = README.slice(README.indexOf('\n## Settings\n'), README.indexOf('\n## Where things are\n'));
const NAMES = Object.keys(SETTING_TABLE) as SettingName[];

/** Of the rows: what they name, and their defaults, as many as names or one for all. */
const ROWS = SECTION.split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, first = '', defaults = '']) => ({
    names: [...first.matchAll(/`([A-Z_0-9]+)`/g)].map(([, name = '']) => name),
    defaults,
  }));

describe('the settings in README.md', () => {
  it('OP-01: are all that there are', () => {
    const shown = new Set([...SECTION.matchAll(/`((?:SLUICE_)?[A-Z][A-Z_0-9]+)`/g)].map(([, name]) => name));
    expect(NAMES.filter((name) => !shown.has(name))).toEqual([]);
  });

  it('OP-01: exist, each', () => {
    const files = NAMES.filter((name) => 'secret' in SETTING_TABLE[name]).map((name) => `${name}_FILE`);
    const known = new Set<string>([...NAMES, ...files]);
    const named = [...SECTION.matchAll(/`(SLUICE_[A-Z_0-9]+)`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('OP-01: have the defaults of the code', () => {
    const wrong = ROWS.filter(({ names }) => names.every((name) => Object.hasOwn(SETTING_TABLE, name))).flatMap(
      ({ names, defaults }) => {
        const each = defaults.split(', ').map((text) => text.replaceAll('`', ''));
        return names.flatMap((name, index) => {
          const { fallback } = SETTING_TABLE[name as SettingName];
          const shown = each.length === names.length ? (each[index] ?? '') : defaults.replaceAll('`', '');
          const wanted = fallback === null || fallback === '' ? null : fallback;
          // What has no default here is chosen elsewhere, and told in words.
          return wanted === null || shown === wanted || shown.startsWith(`${wanted} (`)
            ? []
            : [`${name}: ${wanted}, not ${shown}`];
        });
      },
    );
    expect(wrong).toEqual([]);
  });
});
