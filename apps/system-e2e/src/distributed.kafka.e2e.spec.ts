import { System, waitFor } from '@sluice/testing';
import { expect, it } from 'vitest';
import { documentedMetrics, sampleOf, serviceUrls, shownMetrics } from './metrics-page.ts';
import { describeScenarios } from './scenarios/all.ts';
import { takeover } from './scenarios/takeover.ts';

describeScenarios('distributed', [takeover]);

it('OP-01: the five services together show what docs/metrics.md lists, each with its relay', async () => {
  const system = await System.start('distributed');
  try {
    const urls = serviceUrls(system);
    expect([...urls.keys()].sort()).toEqual(['delivery-log', 'dispatcher', 'gateway', 'registry', 'runner']);
    const shown = await Promise.all([...urls.values()].map(shownMetrics));
    expect([...new Set(shown.flat())].sort()).toEqual(documentedMetrics((heading) => heading !== 'Edge'));
    for (const [service, url] of urls) {
      const active = async () => (await sampleOf(url, `sluice_relay_active{service="${service}"}`)) === 1;
      await waitFor(active, 60_000, `the relay of ${service}`);
    }
  } finally {
    await system.remove();
  }
});
