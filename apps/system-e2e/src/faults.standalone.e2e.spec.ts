import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres } from '@sluice/local-servers';
import { afterEach, describe, expect, it } from 'vitest';
import { Accounting, expectNothingLost } from './accounting.ts';
import { System, waitFor } from '@sluice/testing';

/** Before and after every append, effect, checkpoint and commit of this path. A point that is never passed fails. */
const FAILPOINTS = [
  'gateway.before-append',
  'gateway.after-append',
  'bus.before-handler',
  'bus.after-handler',
  'bus.after-checkpoint',
  'runner.before-start-commit',
  'runner.after-start-commit',
  'runner.before-effect',
  'runner.after-effect',
  'runner.before-step-commit',
  'runner.after-step-commit',
  'dispatcher.before-record',
  'dispatcher.after-record',
  'dispatcher.before-send',
  'dispatcher.after-send',
  'dispatcher.before-attempt-commit',
  'dispatcher.after-attempt-commit',
];

let system: System | null = null;
afterEach(async () => {
  await system?.remove();
  system = null;
});

describe('FL-05, OP-05: standalone under faults: every trigger that got a 2xx is run and delivered', () => {
  it('survives kill -9 of the process in a loop under load', async () => {
    system = await System.start('standalone');
    const accounting = await Accounting.start(system, 200);
    for (let round = 0; round < 4; round++) {
      await sleep(1_500 + round * 370);
      system.kill9('standalone');
      await system.whenEnded();
      await system.launch();
    }
    await waitFor(() => accounting.acceptedCount > 200, 60_000, 'accepts between and after the deaths');
    const account = await accounting.finish();
    console.log(`kill -9 of standalone ×4: ${expectNothingLost(account)}`);
    expect(account.missing).toEqual([]);
  });

  it('OP-05: starts its PostgreSQL again after kill -9, and nothing is lost', async () => {
    system = await System.start('standalone');
    const accounting = await Accounting.start(system, 100);
    await sleep(1_500);
    for (let round = 0; round < 2; round++) {
      const pid = system.pids().postgres;
      system.kill9('postgres');
      await waitFor(() => system?.pids().postgres !== pid, 60_000, 'PostgreSQL to be started again').catch(
        (error: Error) => {
          throw new Error(
            `${error.message}; it said: ${system?.log
              .split('\n')
              .filter((line) => !line.startsWith('{'))
              .join('\n')}`,
          );
        },
      );
      const before = accounting.acceptedCount;
      await waitFor(() => accounting.acceptedCount > before + 20, 30_000, 'accepts after PostgreSQL is back');
    }
    const account = await accounting.finish();
    console.log(`kill -9 of PostgreSQL ×2: ${expectNothingLost(account)}`);
    expect(account.missing).toEqual([]);
  });

  it('GW-03, OP-05: answers 503 with Retry-After while PostgreSQL stays away, and takes up again by itself', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'sluice-away-'));
    let postgres = await startPostgres({ dir });
    try {
      system = await System.start('standalone', { env: { SLUICE_DATABASE_URL: postgres.url } });
      const accounting = await Accounting.start(system, 100);
      await sleep(1_500);
      await postgres.stop();
      await waitFor(() => accounting.refusedWith(503) > 50, 30_000, 'refusals while PostgreSQL is away');
      postgres = await startPostgres({ dir });
      const before = accounting.acceptedCount;
      await waitFor(() => accounting.acceptedCount > before + 100, 30_000, 'accepts after PostgreSQL is back');
      const account = await accounting.finish();
      console.log(`PostgreSQL away: ${expectNothingLost(account)}`);
      expect([...account.refused.keys()]).toEqual([503]);
      expect(account.refusedWithoutRetryAfter).toBe(0);
    } finally {
      await system?.remove();
      system = null;
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('a second process on the same external database is refused with a clear message, and the first loses nothing', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'sluice-shared-'));
    const postgres = await startPostgres({ dir });
    try {
      const env = { SLUICE_DATABASE_URL: postgres.url };
      system = await System.start('standalone', { env });
      const accounting = await Accounting.start(system, 40);
      await expect(System.start('standalone', { env })).rejects.toThrow('another Sluice works on this database');
      await waitFor(() => accounting.acceptedCount > 100, 60_000, 'accepts of the first one');
      console.log(`beside a second process: ${expectNothingLost(await accounting.finish())}`);
    } finally {
      await system?.remove();
      system = null;
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    }
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

// Most of the time goes by waiting for leases of the dead process to end, so several are killed at a time.
describe('FL-05: standalone killed at its failpoints', { concurrent: true }, () => {
  it.each(FAILPOINTS)('loses nothing and repeats no completed effect when killed at %s', async (name) => {
    const system = await System.start('standalone');
    const accounting = await Accounting.prepare(system);
    await system.stop();
    await system.launch({ SLUICE_FAILPOINTS: `${name}=7` });
    accounting.begin(60);
    await waitFor(() => system.log.includes(`failpoint ${name}: killed`), 60_000, `the failpoint ${name} to be passed`);
    await system.whenEnded();
    await system.launch();
    const before = accounting.acceptedCount;
    await waitFor(() => accounting.acceptedCount > before + 20, 60_000, 'accepts after the next start');
    const account = await accounting.finish();
    console.log(`failpoint ${name}: ${expectNothingLost(account)}`);
    expect(account.missing).toEqual([]);
    await system.remove();
  });
});
