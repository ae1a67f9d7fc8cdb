import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { System, waitFor } from '@sluice/testing';
import { Accounting, expectNothingLost } from './accounting.ts';
import { Api } from './api.ts';
import { sampleOf, serviceUrls } from './metrics-page.ts';
import { askAndWait, expectToldOfTheStop, expectToSucceed } from './waiting-callers.ts';

let system: System;
beforeAll(async () => {
  system = await System.start('distributed');
});
afterAll(() => system.remove());

describe('FL-05, OP-05: five processes over Kafka under faults: every trigger that got a 2xx is run and delivered', () => {
  it.each(['gateway', 'registry', 'runner', 'dispatcher', 'delivery-log', 'edge', 'postgres', 'kafka'])(
    'survives kill -9 of %s',
    async (name) => {
      const accounting = await Accounting.start(system, 100);
      await sleep(1_500);
      const dead = system.pids()[name];
      system.kill9(name);
      await waitFor(() => ![undefined, dead].includes(system.pids()[name]), 60_000, `${name} to be started again`);
      const before = accounting.acceptedCount;
      await waitFor(() => accounting.acceptedCount > before + 100, 60_000, `accepts after the death of ${name}`);
      // Its leases end some seconds after it; what it held is taken over under load.
      await sleep(6_000);
      const account = await accounting.finish(90_000);
      console.log(`kill -9 of ${name}: ${expectNothingLost(account)}`);
      expect(account.missing).toEqual([]);
    },
  );

  it('OP-05: accepts while Kafka does not answer for 30 s, and catches up after', async () => {
    const accounting = await Accounting.start(system, 50);
    await sleep(1_500);
    const pid = system.pids().kafka as number;
    process.kill(pid, 'SIGSTOP');
    try {
      const before = accounting.acceptedCount;
      await sleep(30_000);
      // How many were sent is the machine's; that they are accepted all the time is ours.
      expect(accounting.acceptedCount - before).toBeGreaterThan(100);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await sleep(2_000);
    const account = await accounting.finish(120_000);
    console.log(`Kafka away for 30 s: ${expectNothingLost(account)}`);
    expect(account.refused.size).toBe(0);
  });
});

describe('GW-13: a gateway beside four other processes is stopped while callers wait', () => {
  it('tells them 503 with Retry-After and the Location of their run, which goes on', async () => {
    const api = await Api.ofFreshApp(system, 'stopping');
    const gateway = serviceUrls(system).get('gateway') as string;
    const asked = await askAndWait(api, () => sampleOf(gateway, 'sluice_gateway_waiting_callers'));
    process.kill(system.pids().gateway as number, 'SIGTERM');
    const runs = await expectToldOfTheStop(asked);
    expect(runs).toHaveLength(asked.length);
    await expectToSucceed(api, runs);
  });
});
