import { existsSync } from 'node:fs';
import path from 'node:path';

/** This machine by a name that Chromium takes for another one's: by plain http, its pages are no secure contexts. */
export const ELSEWHERE = 'elsewhere.test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Where a Chromium is: SLUICE_CHROMIUM, or one of its usual names on the PATH; null without one. */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | null {
  const given = environment.SLUICE_CHROMIUM;
  if (given) return existsSync(given) ? given : null;
  const places = (environment.PATH ?? '').split(path.delimiter);
  return (
    NAMES.flatMap((name) => places.map((place) => path.join(place, name))).find((file) => existsSync(file)) ?? null
  );
}
