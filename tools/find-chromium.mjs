// Where a Chromium is. Node alone runs this: npm test asks before anything is installed.
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** SLUICE_CHROMIUM, or one of its usual names on the PATH; null without one. */
export function findChromium(environment = process.env) {
  const given = environment.SLUICE_CHROMIUM;
  if (given) return existsSync(given) ? given : null;
  const places = (environment.PATH ?? '').split(path.delimiter);
  return (
    NAMES.flatMap((name) => places.map((place) => path.join(place, name))).find((file) => existsSync(file)) ?? null
  );
}
