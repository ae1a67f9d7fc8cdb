import { readFileSync } from 'node:fs';
import { type RecordingReceiver, recordingReceiver, System, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from './api.ts';
import { documentedMetrics, sampleOf, shownMetrics } from './metrics-page.ts';

/** The postmaster first: once it is stopped there are no new ones. */
function postgresProcesses(system: System): number[] {
  const postmaster = system.pids().postgres as number;
  process.kill(postmaster, 'SIGSTOP');
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ');
  return [postmaster, ...children.map(Number)];
}

describe('OP-01: /metrics of the standalone wiring', () => {
  let system: System;
  let receiver: RecordingReceiver;
  beforeAll(async () => {
    receiver = await recordingReceiver();
    system = await System.start('standalone');
  });
  afterAll(async () => {
    await system.remove();
    await receiver.close();
  });

  it('shows exactly what docs/metrics.md lists, with the types that it lists', async () => {
    const documented = documentedMetrics((heading) => heading !== 'Edge');
    expect(documented.length).toBeGreaterThan(30);
    expect(await shownMetrics(system.url)).toEqual(documented);
    expect(await sampleOf(system.url, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
  });

  it('counts what was accepted, refused by code, run, delivered by outcome, and committed', async () => {
    const api = await Api.ofFreshApp(system, 'metrics');
    const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
    await api.endpoint(`${receiver.url}/orders`, ['order.*'], { retry: { schedule: ['PT0S', 'PT0.2S'] } });
    let failures = 0;
    receiver.respond(() => (failures++ < 1 ? { status: 500 } : {}));
    const before = (await sampleOf(system.url, 'sluice_event_store_events_total{service="gateway"}')) ?? 0;
    expect((await api.fire(trigger, { n: 1 })).status).toBe(202);
    expect((await api.fire({ ...trigger, token: 'wrong' }, { n: 1 })).status).toBe(401);
    await receiver.waitFor(2);

    const expected: [string, number][] = [
      ['sluice_gateway_accepted_total{profile="native"}', 1],
      ['sluice_gateway_refused_total{code="unauthorized"}', 1],
      ['sluice_runs_started_total', 1],
      ['sluice_runs_finished_total{status="succeeded"}', 1],
      ['sluice_delivery_attempts_total{outcome="retry"}', 1],
      ['sluice_delivery_attempts_total{outcome="succeeded"}', 1],
      ['sluice_delivery_attempt_seconds_count', 2],
      // The request that was accepted, and a record of the one that was not.
      ['sluice_event_store_events_total{service="gateway"}', before + 2],
      ['sluice_consumer_lag{group="runner",topic="gateway.events"}', 0],
      ['sluice_postgres_up', 1],
    ];
    for (const [sample, value] of expected)
      await waitFor(async () => (await sampleOf(system.url, sample)) === value, 60_000, `${sample} ${value}`);
    expect(await sampleOf(system.url, 'sluice_event_store_commit_seconds_count{service="gateway"}')).toBeGreaterThan(0);
    const inBatches = () => sampleOf(system.url, 'sluice_event_store_batch_events_sum{service="gateway"}');
    await waitFor(async () => (await inBatches()) === before + 2, 60_000, 'the sum of the batches');
    expect(await sampleOf(system.url, 'sluice_due_queue_rows{service="dispatcher"}')).toBeDefined();
  });

  it('says that PostgreSQL does not answer without being held up by it, and that it answers again', async () => {
    const frozen = postgresProcesses(system);
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      await waitFor(async () => (await sampleOf(system.url, 'sluice_postgres_up')) === 0, 60_000);
      expect(await sampleOf(system.url, 'sluice_due_queue_rows{service="dispatcher"}')).toBeUndefined();
      expect(await shownMetrics(system.url)).toContain('sluice_oldest_transaction_seconds gauge');
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
    await waitFor(async () => (await sampleOf(system.url, 'sluice_postgres_up')) === 1, 60_000);
  });
});
