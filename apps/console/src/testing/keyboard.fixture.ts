import type { ElementHandle, Locator, Page } from 'playwright-core';

const MOST_PRESSES = 150;

const isFocused = (element: ElementHandle): Promise<boolean> =>
  element.evaluate((node) => (node as Element).matches(':focus'));

/** Presses Tab until it is there, as somebody does who has no mouse. @throws Error when the keyboard does not reach it */
export async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor();
  // Looked for once: finding an element by its role costs more than the key.
  let element = await wanted.elementHandle();
  for (let presses = 0; presses < MOST_PRESSES; presses++) {
    if (!(await element?.evaluate((node) => node.isConnected))) element = await wanted.elementHandle();
    if (element && (await isFocused(element))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${String(wanted)}: ${MOST_PRESSES} presses of Tab do not lead there`);
}
