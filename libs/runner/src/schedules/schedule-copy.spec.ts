import type { FlowDefinition, FlowState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { rowsOfFlow } from './schedule-copy.ts';

describe('the schedules of a flow', () => {
  it('FL-08: are in UTC where an old event says null, which a row cannot hold', () => {
    const flow = {
      id: '019a0000-0000-7000-8000-000000000001',
      appId: '019a0000-0000-7000-8000-000000000002',
    } as FlowState;
    const saying = (timeZone: unknown): FlowDefinition =>
      ({ steps: [], schedules: [{ cron: '@daily', timeZone }] }) as unknown as FlowDefinition;
    expect(rowsOfFlow(flow, saying(null))).toEqual(rowsOfFlow(flow, saying('UTC')));
    expect(rowsOfFlow(flow, saying(null))).toEqual([expect.objectContaining({ time_zone: 'UTC' })]);
  });
});
