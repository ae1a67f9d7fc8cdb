import type { FlowDefinition, FlowState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import {
  changeFlow,
  createFlow,
  deleteFlow,
  type FlowDecision,
  type FlowPatch,
  publishFlow,
  type StoredFlow,
} from './flow.decider.ts';

const EARLIER = '2026-01-01T00:00:00.000Z';
const NOW = '2026-02-02T00:00:00.000Z';
const DEFINITION: FlowDefinition = { steps: [{ ref: 'a', type: 'set', values: { x: 1, y: 2 } }] };

function flow(change: Partial<FlowState> = {}): StoredFlow {
  const identity = { id: 'f', number: 7, appId: 'app', name: 'Greet', listener: null };
  const state: FlowState = {
    ...identity,
    status: 'active',
    version: 3,
    publishedVersion: 3,
    createdAt: EARLIER,
    updatedAt: EARLIER,
    ...change,
  };
  return { state, definition: DEFINITION, streamVersion: 5 };
}

const typesOf = (decision: FlowDecision): string[] => decision.events.map((event) => event.type);
const statusOf = ({ state }: FlowDecision): unknown[] => [state.status, state.version, state.publishedVersion];

describe('creating a flow', () => {
  const identity = { id: 'f', number: 7, appId: 'app', name: 'Greet', listener: null, definition: DEFINITION };

  it('saves version 1 as a draft', () => {
    const decision = createFlow({ ...identity, status: 'draft' }, NOW);
    expect(typesOf(decision)).toEqual(['FlowCreated']);
    expect(statusOf(decision)).toEqual(['draft', 1, null]);
    expect(decision.saved).toBe(true);
  });

  it('as active is published in the same breath, and says so in two events', () => {
    const decision = createFlow({ ...identity, status: 'active' }, NOW);
    expect(typesOf(decision)).toEqual(['FlowCreated', 'FlowPublished']);
    expect(decision.events[0]?.data).toMatchObject({ flow: { status: 'draft', publishedVersion: null } });
    expect(statusOf(decision)).toEqual(['active', 1, 1]);
  });

  it('as paused is not published', () => {
    expect(statusOf(createFlow({ ...identity, status: 'paused' }, NOW))).toEqual(['paused', 1, null]);
  });
});

describe('changing a flow', () => {
  const other: FlowDefinition = { steps: [] };
  const cases: [string, Partial<FlowState>, FlowPatch, string[], unknown[]][] = [
    ['nothing', {}, {}, [], ['active', 3, 3]],
    ['nothing new', {}, { name: 'Greet', status: 'active', definition: DEFINITION }, [], ['active', 3, 3]],
    ['the name', {}, { name: 'Hi' }, ['FlowUpdated'], ['active', 3, 3]],
    ['the listener', {}, { listener: 'hi' }, ['FlowUpdated'], ['active', 3, 3]],
    ['the definition of an active flow: a draft', {}, { definition: other }, ['FlowUpdated'], ['active', 4, 3]],
    [
      'it and publishing it',
      {},
      { definition: other, status: 'active' },
      ['FlowUpdated', 'FlowPublished'],
      ['active', 4, 4],
    ],
    [
      'a draft to active',
      { status: 'draft', publishedVersion: null },
      { status: 'active' },
      ['FlowPublished'],
      ['active', 3, 3],
    ],
    [
      'a paused flow to active: publishes',
      { status: 'paused', publishedVersion: 2 },
      { status: 'active' },
      ['FlowPublished'],
      ['active', 3, 3],
    ],
    ['active to paused', {}, { status: 'paused' }, ['FlowStatusChanged'], ['paused', 3, 3]],
    ['active to draft', {}, { status: 'draft' }, ['FlowStatusChanged'], ['draft', 3, 3]],
    [
      'definition and status',
      {},
      { definition: other, status: 'paused' },
      ['FlowUpdated', 'FlowStatusChanged'],
      ['paused', 4, 3],
    ],
  ];
  it.each(cases)('%s', (_what, before, patch, types, after) => {
    const decision = changeFlow(flow(before), patch, NOW);
    expect(typesOf(decision)).toEqual(types);
    expect(statusOf(decision)).toEqual(after);
    expect(decision.saved).toBe(after[1] === 4);
    expect(decision.state.updatedAt).toBe(types.length > 0 ? NOW : EARLIER);
  });

  it('does not take another order of keys for another definition', () => {
    const reordered: FlowDefinition = { steps: [{ type: 'set', ref: 'a', values: { y: 2, x: 1 } }] };
    expect(changeFlow(flow(), { definition: reordered }, NOW).events).toEqual([]);
  });

  it('takes another order of steps for another definition', () => {
    const two = (refs: string[]): FlowDefinition => ({ steps: refs.map((ref) => ({ ref, type: 'set', values: {} })) });
    const before = { ...flow(), definition: two(['a', 'b']) };
    expect(changeFlow(before, { definition: two(['b', 'a']) }, NOW).saved).toBe(true);
  });
});

describe('publishing a version', () => {
  it('makes a draft active', () => {
    const decision = publishFlow(flow({ status: 'draft', publishedVersion: null }), 3, NOW);
    expect([typesOf(decision), statusOf(decision)]).toEqual([['FlowPublished'], ['active', 3, 3]]);
  });

  it('an older one is a rollback: the saved version stays', () => {
    expect(statusOf(publishFlow(flow(), 1, NOW))).toEqual(['active', 3, 1]);
  });

  it('leaves a paused flow paused', () => {
    expect(statusOf(publishFlow(flow({ status: 'paused' }), 2, NOW))).toEqual(['paused', 3, 2]);
  });

  it('that is published already is no change', () => {
    expect(publishFlow(flow(), 3, NOW).events).toEqual([]);
  });
});

describe('deleting a flow', () => {
  it('says so with its last state', () => {
    const decision = deleteFlow(flow(), NOW);
    expect(decision.events).toEqual([{ type: 'FlowDeleted', data: { flow: { ...flow().state, updatedAt: NOW } } }]);
  });
});
