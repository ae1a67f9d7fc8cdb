import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { System } from '@sluice/testing';
import { chromium } from 'playwright-core';
import { ELSEWHERE, findChromium } from './chromium.fixture.ts';

/** Names of what the test files are told by (see browser.fixture.ts). */
const [URL_VARIABLE, TOKEN_VARIABLE, BROWSER_VARIABLE] = [
  'SLUICE_BROWSER_URL',
  'SLUICE_BROWSER_TOKEN',
  'SLUICE_BROWSER',
];
const ROOT = path.resolve(import.meta.dirname, '../../../..');

/** One standalone and one Chromium for all browser tests; each test file makes an app of its own. */
export default async function setUp(): Promise<() => Promise<void>> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('no Chromium: install it, or name it by SLUICE_CHROMIUM');
  const built = spawnSync(process.execPath, [path.join(ROOT, 'tools', 'build-console.mjs')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`the console does not build:\n${built.stdout}${built.stderr}`);
  // While developing: a product that runs already, by its URL and its administrator's token.
  const system = process.env[URL_VARIABLE] ? null : await System.start('standalone');
  const elsewhere = `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`;
  // Root has no user namespaces to give (containers, CI); the pages are our own.
  const args = ['--disable-dev-shm-usage', elsewhere, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  const browser = await chromium.launchServer({ executablePath, args });
  if (system) {
    process.env[URL_VARIABLE] = system.url;
    process.env[TOKEN_VARIABLE] = system.adminToken;
  }
  process.env[BROWSER_VARIABLE] = browser.wsEndpoint();
  return async () => {
    await browser.close();
    await system?.remove();
  };
}
