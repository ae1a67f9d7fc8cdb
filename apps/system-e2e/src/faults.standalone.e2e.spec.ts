import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Accounting, expectNothingLost } from './accounting.ts';
import { System } from '@sluice/testing';

let system: System | null = null;
afterEach(async () => {
  await system?.remove();
  system = null;
});

describe('standalone under faults: every trigger that got a 2xx is run and delivered', () => {
  it('survives kill -9 of the process in a loop under load', async () => {
    system = await System.start('standalone');
    const accounting = await Accounting.start(system, 200);
    for (let round = 0; round < 4; round++) {
      await sleep(1_500 + round * 370);
      system.kill9('standalone');
      await system.whenEnded();
      await system.launch();
    }
    await sleep(1_000);
    const account = await accounting.finish();
    console.log(`kill -9 of standalone ×4: ${expectNothingLost(account)}`);
    expect(account.accepted.size).toBeGreaterThan(200);
  });

  it('answers 503 with Retry-After while PostgreSQL is away, and takes up again by itself', async () => {
    system = await System.start('standalone');
    const accounting = await Accounting.start(system, 100);
    await sleep(1_500);
    for (let round = 0; round < 2; round++) {
      system.kill9('postgres');
      await sleep(3_000);
    }
    const before = accounting.acceptedCount;
    await sleep(1_500);
    expect(accounting.acceptedCount).toBeGreaterThan(before);
    const account = await accounting.finish();
    console.log(`kill -9 of PostgreSQL ×2: ${expectNothingLost(account)}`);
    expect([...account.refused.keys()].filter((status) => status !== 503 && status !== 0)).toEqual([]);
  });

  it('stops on SIGTERM within 25 s under load, loses nothing, and goes on where it was', async () => {
    system = await System.start('standalone');
    const accounting = await Accounting.start(system, 200);
    await sleep(2_000);
    const from = Date.now();
    expect(await system.stop()).toBe(0);
    expect(Date.now() - from).toBeLessThan(25_000);
    await system.launch();
    await sleep(1_000);
    console.log(`SIGTERM under load: ${expectNothingLost(await accounting.finish())}`);
  });
});

const POINTS = ['gateway', 'runner', 'dispatcher'];
describe('standalone killed at its failpoints', () => {
  it.each(POINTS)('loses nothing when killed before and after every write and effect of the %s', async (service) => {
    const names = FAILPOINTS.filter((name) => name.startsWith(`${service}.`));
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) {
      system = await System.start('standalone');
      await system.stop();
      await system.launch({ SLUICE_FAILPOINTS: `${name}=7` });
      const accounting = await Accounting.start(system, 60);
      await Promise.race([system.whenEnded(), sleep(6_000)]);
      if (system.log.includes(`failpoint ${name}: killed`)) await system.launch();
      else throw new Error(`the failpoint ${name} was never passed`);
      await sleep(500);
      console.log(`failpoint ${name}: ${expectNothingLost(await accounting.finish())}`);
      await system.remove();
      system = null;
    }
  });
});

/** The points that this path passes; a point that is never passed fails the test. */
const FAILPOINTS: readonly string[] = [];
