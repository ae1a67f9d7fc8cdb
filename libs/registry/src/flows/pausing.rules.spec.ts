import type { FlowState } from '@sluice/contracts';
import { expect, it } from 'vitest';
import { isPausing } from './pausing.rules.ts';

it.each([
  [{ status: 'active', version: 2, publishedVersion: 1 }, { status: 'paused' }, true],
  [{ status: 'paused', version: 2, publishedVersion: 2 }, { status: 'active' }, true],
  [{ status: 'paused', version: 2, publishedVersion: 2 }, { status: 'live', appId: 'x' }, true],
  [{ status: 'paused', version: 2, publishedVersion: 1 }, { status: 'active' }, false],
  [{ status: 'draft', version: 1, publishedVersion: null }, { status: 'active' }, false],
  [{ status: 'active', version: 1, publishedVersion: 1 }, { status: 'draft' }, false],
  [{ status: 'active', version: 1, publishedVersion: 1 }, { status: 'paused', name: 'x' }, false],
  [{ status: 'active', version: 1, publishedVersion: 1 }, {}, false],
  [{ status: 'active', version: 1, publishedVersion: 1 }, null, false],
])('RG-02: an operator may change %j by %j: %s', (flow, body, isAllowed) => {
  expect(isPausing(flow as FlowState, body)).toBe(isAllowed);
});
