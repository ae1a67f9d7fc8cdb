import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApp, useBrowser } from '../testing/browser.fixture.ts';
import { tabTo } from '../testing/keyboard.fixture.ts';
import { addressIn, makeWorld, type World } from '../testing/world.fixture.ts';

const browser = useBrowser();
let app: TestApp;
let receiver: RecordingReceiver;
let world: World;
beforeAll(async () => {
  [app, receiver] = await Promise.all([TestApp.make('keys'), recordingReceiver()]);
  world = await makeWorld(app, receiver.url);
});
afterAll(() => receiver?.close());

type Role = Parameters<Page['getByRole']>[0];

/** What somebody does at a screen: Tab to a thing, then keys, until something is there. */
interface Task {
  to: readonly [role: Role, name: string | RegExp];
  /** A key, or text to type (`text:…`) in place of what is there. */
  pressed: string;
  seen: readonly [role: Role, name: string | RegExp] | RegExp;
}

const key = (to: Task['to'], pressed: string, seen: Task['seen']): Task => ({ to, pressed, seen });
const press = (name: string | RegExp, seen: Task['seen']): Task => key(['button', name], 'Enter', seen);
const follow = (name: string | RegExp, seen: Task['seen']): Task => key(['link', name], 'Enter', seen);
const open = (name: RegExp, seen: Task['seen']): Task => key(['row', name], 'Enter', seen);
const choose = (name: string, seen: Task['seen']): Task => key(['combobox', name], 'ArrowDown', seen);
const type = (role: Role, name: string, text: string, seen: Task['seen']): Task =>
  key([role, name], `text:${text}`, seen);

/** Flows, new webhooks of both kinds, runs and dead letters have longer tasks in tests of their own. */
const TASKS: Record<string, readonly Task[]> = {
  overview: [choose('Show', /hours=6/)],
  approvals: [
    type('textbox', 'Comment', 'by keyboard', ['textbox', 'Comment']),
    press('Approve', ['heading', 'Nothing waits for a decision']),
  ],
  versions: [
    key(['combobox', 'From'], 'ArrowUp', /from=2/),
    press('Publish version 2', ['button', 'Publish version 1']),
  ],
  run: [open(/^web/, /step=web/)],
  triggers: [open(/Door/, ['heading', 'Door'])],
  trigger: [
    press('Add a second token', ['dialog', 'Your webhook is ready']),
    press('I have copied it', ['button', /^Revoke token/]),
  ],
  'trigger requests': [
    press(/^Look at the request/, ['dialog', 'Request']),
    press('Close', ['grid', 'Requests']),
    choose('Result', /status=/),
  ],
  'trigger capture': [press('Listen', ['button', 'Stop listening'])],
  'trigger settings': [type('textbox', 'Name', 'Gate', ['textbox', 'Name']), press('Save', ['heading', 'Gate'])],
  'trigger history': [follow('Requests', /requests$/)],
  secrets: [
    press('New secret', ['dialog', 'New secret']),
    type('textbox', 'Name', 'typed', ['textbox', 'Name']),
    type('textbox', 'Value', 'hidden', ['textbox', 'Value']),
    press('Save secret', ['row', /^typed/]),
  ],
  tokens: [
    press('New app token', ['dialog', 'New token']),
    press('Create token', ['dialog', 'Your token']),
    press('I have copied it', ['button', /^Revoke/]),
  ],
  history: [choose('Of', /kind=/)],
  endpoints: [open(/Ear/, ['heading', 'Ear'])],
  endpoint: [press('Pause', ['button', 'Resume']), press('Resume', ['button', 'Pause'])],
  'change endpoint': [
    type('textbox', 'Name', 'Other ear', ['textbox', 'Name']),
    press('Save', ['heading', 'Other ear']),
  ],
  deliveries: [choose('Status', /status=/)],
  compare: [type('textbox', 'First delivery (id)', 'none', /a=none/)],
  delivery: [follow('Timeline', ['heading', 'Timeline'])],
  'new replay': [press('Replay', /replays\/[0-9a-f-]{36}$/)],
  replays: [open(/finished|running/, ['heading', 'Replay'])],
  events: [open(/\/sluice\//, ['heading', /^\w+\.\w+$/])],
  event: [follow('Events', /events$/)],
  'event types': [
    type('searchbox', 'Name contains', 'world', ['row', /world\.made/]),
    open(/world\.made/, ['heading', 'world.made']),
  ],
  'event type': [press('Publish', ['link', 'See the events'])],
  'change event type': [
    type('textbox', 'Description (optional)', 'By keyboard', ['textbox', /Description/]),
    press('Save', ['heading', 'world.made']),
  ],
  'new event type': [
    type('textbox', 'Name', 'keys.typed', ['textbox', 'Name']),
    press('Save', ['heading', 'keys.typed']),
  ],
  search: [type('searchbox', 'Text', 'total', /q=total/)],
  live: [press('Pause', ['button', 'Go on'])],
  timeline: [press(/^Open run/, ['region', /^Details of run/])],
  'find by id': [
    type('textbox', 'Find by id', 'none', ['textbox', 'Find by id']),
    press('Find', ['textbox', 'Find by id']),
  ],
  apps: [press('New app', ['dialog', 'New app']), key(['button', 'Cancel'], 'Enter', ['button', 'New app'])],
  users: [press('New user', ['dialog', 'New user']), press('Cancel', ['button', 'New user'])],
  account: [press('New personal token', ['dialog', 'New token']), press('Cancel', ['button', 'New personal token'])],
};

async function doTask(page: Page, { to: [role, name], pressed, seen }: Task): Promise<void> {
  await tabTo(page, page.getByRole(role, { name }).first());
  if (pressed.startsWith('text:')) {
    await page.keyboard.press('Control+a');
    await page.keyboard.type(pressed.slice('text:'.length));
  } else await page.keyboard.press(pressed);
  if (seen instanceof RegExp) await page.waitForURL(seen);
  else await page.getByRole(seen[0], { name: seen[1] }).first().waitFor();
}

/** Past the menu, as the first link of every page offers it. */
async function begin(page: Page, name: string): Promise<void> {
  await page.goto(addressIn(app, world, name));
  await page.getByRole('heading', { level: 1 }).waitFor();
  await tabTo(page, page.getByRole('link', { name: 'Skip to the content' }));
  await page.keyboard.press('Enter');
}

describe('CO-02: what a screen is for is done by keyboard alone', () => {
  // One visitor goes from screen to screen: a new browser for each would take longer than the tasks.
  it('on every screen', async () => {
    const page = await browser.visit(app.screen('overview'));
    for (const [name, tasks] of Object.entries(TASKS)) {
      await begin(page, name);
      for (const task of tasks) {
        await doTask(page, task).catch((error: Error) => {
          throw new Error(`${name}: ${String(task.to[1])}: ${error.message}`);
        });
      }
    }
    await begin(page, 'settings');
    await doTask(page, key(['radio', 'As the system'], 'ArrowDown', ['radio', 'Light']));
    await expect.poll(() => page.getByRole('radio', { name: 'Light' }).isChecked()).toBe(true);
  }, 300_000);
});
