import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RecordingReceiver, recordingReceiver, System, waitFor } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from './api.ts';
import { sampleOf } from './metrics-page.ts';
import { askAndWait, expectToldOfTheStop, expectToSucceed } from './waiting-callers.ts';

let system: System;
let receiver: RecordingReceiver;
beforeEach(async () => {
  receiver = await recordingReceiver();
  system = await System.start('standalone');
});
afterEach(async () => {
  await system.remove();
  await receiver.close();
});

/** Connections that PostgreSQL had to cut off at a stop, each with the name that it went by. */
function connectionsCutOff(): string[] {
  const log = readFileSync(path.join(system.dataDir, 'postgres', 'postgres.log'), 'utf8');
  expect(log).toContain('shutdown request');
  return log.split('\n').filter((line) => line.includes('terminating connection'));
}

function expectSilence(): void {
  const greeting = /^(Sluice is ready|The console: |Sign in as )/;
  const lines = system.log.split('\n').filter((line) => line !== '' && !greeting.test(line));
  expect(lines).toEqual([]);
  expect(connectionsCutOff()).toEqual([]);
}

describe('OP-02: SIGTERM to the standalone wiring', () => {
  it('ends an idle process without a word, every connection closed before PostgreSQL stops', async () => {
    expect(await system.stop()).toBe(0);
    expectSilence();
  });

  it('in the middle of a load ends it without a word too, and what was accepted is delivered after the next start', async () => {
    const api = await Api.ofFreshApp(system, 'stopping');
    const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
    await api.endpoint(`${receiver.url}/orders`, ['order.*']);
    receiver.respond({ delayMs: 100 });
    const accepted = new Set<number>();
    let isStopping = false;
    const fire = async (from: number): Promise<void> => {
      for (let n = from; !isStopping; n += 8) {
        // A connection that the stop cuts or refuses was not accepted.
        const answer = await api.fire(trigger, { n }).catch(() => null);
        if (answer?.status === 202) accepted.add(n);
      }
    };
    const firing = Array.from({ length: 8 }, (_, index) => fire(index));
    await sleep(1_500);
    const stopped = system.stop();
    expect(await stopped).toBe(0);
    isStopping = true;
    await Promise.all(firing);
    expectSilence();
    expect(accepted.size).toBeGreaterThan(50);

    await system.launch();
    const isMissing = () => {
      const delivered = new Set(
        receiver.requests.map(({ text }) => (JSON.parse(text) as { entity: { n: number } }).entity.n),
      );
      return [...accepted].some((n) => !delivered.has(n));
    };
    await waitFor(() => !isMissing(), 60_000, 'every accepted order');
  });

  it('GW-13: tells waiting callers 503 with Retry-After and the Location of their run, in the shape of their profile; the runs go on', async () => {
    const api = await Api.ofFreshApp(system, 'stopping');
    const asked = await askAndWait(api, () => sampleOf(system.url, 'sluice_gateway_waiting_callers'));
    const stopped = system.stop();
    const runs = await expectToldOfTheStop(asked);
    expect(await stopped).toBe(0);
    await system.launch();
    await expectToSucceed(api, runs);
  });
});
