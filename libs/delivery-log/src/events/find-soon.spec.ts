import { newId } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { findSoon } from './find-soon.ts';

function looking(foundAt: number): { looks: number; find: () => Promise<string | null> } {
  const state = { looks: 0, find: () => Promise.resolve(++state.looks === foundAt ? 'event' : null) };
  return state;
}
const atOnce = (): Promise<void> => Promise.resolve();

it('ET-05: an event that the log has not reached yet is waited for', async () => {
  const log = looking(3);
  expect(await findSoon(newId(), log.find, atOnce)).toBe('event');
  expect(log.looks).toBe(3);
});

it('ET-05: an event that does not come is null in the end', async () => {
  const log = looking(-1);
  expect(await findSoon(newId(), log.find, atOnce)).toBeNull();
  expect(log.looks).toBe(41);
});

it('ET-05: nobody waits for an event of long ago, or of no time at all', async () => {
  for (const id of [newId(Date.now() - 3_600_000), 'ffffffff-ffff-4fff-8fff-ffffffffffff']) {
    const log = looking(2);
    expect(await findSoon(id, log.find, atOnce)).toBeNull();
    expect(log.looks).toBe(1);
  }
});

it('ET-05: so many wait at once and no more', async () => {
  const open: (() => void)[] = [];
  const held = (): Promise<void> => new Promise((resolve) => open.push(resolve));
  const waiting = Array.from({ length: 50 }, () => findSoon(newId(), looking(2).find, held));
  while (open.length < 50) await Promise.resolve();
  const log = looking(2);
  expect(await findSoon(newId(), log.find, atOnce)).toBeNull();
  for (const go of open) go();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['event']));
});
