import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** How long something may take to be seen; generous, because CI does much at once. */
const PATIENCE_MS = Number(process.env.SLUICE_BROWSER_PATIENCE_MS ?? 30_000);
const VIEW = { width: 1_280, height: 800 };

function told(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: browser tests run by \`vitest --project browser\``);
  return value;
}

/** The running product. */
export const product = {
  url: (): string => told('SLUICE_BROWSER_URL'),
  token: (): string => told('SLUICE_BROWSER_TOKEN'),
};

/** What a test prepares by the API, in an app of its own. */
export class TestApp {
  private constructor(readonly id: string) {}

  static async make(name: string): Promise<TestApp> {
    const unique = `${name} ${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
    const { id } = await new TestApp('').call<{ id: string }>('POST', '/v1/apps', { name: unique });
    return new TestApp(id);
  }

  /** @throws Error for anything but 2xx. */
  async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { authorization: `Bearer ${product.token()}` };
    if (this.id) headers['x-sluice-app'] = this.id;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${product.url()}${path}`, { method, headers, ...text });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}`);
    return (said === '' ? {} : JSON.parse(said)) as T;
  }

  /** The address of a screen of this app: `app.screen('triggers')`. */
  screen(path: string): string {
    return `${product.url()}/console/apps/${this.id}/${path}`;
  }
}

/** A session's cookie; the administrator's unless credentials are given. */
export async function sessionCookie(credentials: object = { token: product.token() }): Promise<string> {
  const answer = await fetch(`${product.url()}/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!cookie) throw new Error(`no session: ${answer.status} ${await answer.text()}`);
  return cookie;
}

/** What was to be seen when a test failed; otherwise one would only know that something was not. */
async function describePages(contexts: readonly BrowserContext[]): Promise<void> {
  for (const page of contexts.flatMap((context) => context.pages())) {
    const text = await page.locator('body').innerText({ timeout: 2_000 });
    console.error(`${page.url()}\n${text.replaceAll(/\n+/g, ' | ').slice(0, 3_000)}`);
  }
}

interface Visiting {
  /** Credentials for POST /v1/sessions; null: nobody is signed in. The administrator unless given. */
  as?: object | null;
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
}

/**
 * A browser for the tests of a file. Pages are closed after each test, which fails when its page logged an error or broke
 * the Content Security Policy (unless it says that it `expectsProblems`).
 */
export function useBrowser() {
  let browser: Browser;
  let adminCookie: string | null = null;
  let isStrict = true;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];
  beforeAll(async () => {
    browser = await chromium.connect(told('SLUICE_BROWSER'));
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await describePages(contexts);
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    const seen = problems.splice(0);
    const wasStrict = isStrict;
    isStrict = true;
    if (wasStrict) expect(seen).toEqual([]);
  });
  afterAll(() => browser?.close());

  const cookieOf = async (as: object | null | undefined): Promise<string | null> => {
    if (as === null) return null;
    if (as !== undefined) return sessionCookie(as);
    return (adminCookie ??= await sessionCookie());
  };
  return {
    /** A page of a new visitor, at an address. */
    async visit(address: string, { as, viewport = VIEW, colorScheme = 'light' }: Visiting = {}): Promise<Page> {
      const context = await browser.newContext({ viewport, colorScheme, timezoneId: 'Europe/Berlin', locale: 'en-GB' });
      contexts.push(context);
      const cookie = await cookieOf(as);
      if (cookie) {
        const [name = '', value = ''] = cookie.split(/=(.*)/s);
        await context.addCookies([{ name, value, url: product.url(), httpOnly: true, sameSite: 'Strict' }]);
      }
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
      page.on('console', (message) => {
        // Chromium logs every refused request; what they mean is the screen's to tell, and the test's to look at.
        const isRefusal = message.text().startsWith('Failed to load resource');
        // Nor is it news to who uses plain http.
        const isNotice = message.text().startsWith('The Cross-Origin-Opener-Policy header has been ignored');
        if (message.type() === 'error' && !isRefusal && !isNotice) problems.push(`console: ${message.text()}`);
      });
      await page.goto(address);
      return page;
    },
    expectsProblems(): void {
      isStrict = false;
    },
  };
}

/** The screen has a heading, waits for nothing, and complains of nothing. */
export const isWhole = (page: Page): Promise<boolean> =>
  page.evaluate(
    () =>
      document.querySelector('h1') !== null &&
      document.querySelector('[role=alert]') === null &&
      !/(Loading|Starting)( the editor)? …/.test(document.body.innerText),
  );

interface Violation {
  id: string;
  help: string;
  nodes: { html: string }[];
}

/**
 * No violation of WCAG 2.2 AA and axe's best practices, in the light and in the dark colours. What react-aria reads aloud
 * stands for a moment in an invisible element that axe does not understand.
 */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource);
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // A script of the page changes the colours; axe would find a text of the one scheme on the ground of the other.
    await page.waitForFunction((wanted) => {
      const { theme } = document.documentElement.dataset;
      return theme === undefined || theme === wanted;
    }, colorScheme);
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run(context: object): Promise<{ violations: Violation[] }> } };
      return (await axe.run({ exclude: [['[data-live-announcer]']] })).violations;
    });
    const told = found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`);
    expect(told, `axe, ${colorScheme}`).toEqual([]);
  }
}
