import type { FlowDefinition } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import type { FlowDecision, StoredFlow } from './flow.decider.ts';
import { changeFlowWithDraft, createFlowWithDraft } from './flow-with-draft.decider.ts';

const NOW = '2026-02-02T00:00:00.000Z';
const define = (x: number): FlowDefinition => ({ steps: [{ ref: 'a', type: 'set', values: { x } }] });
const [RUNS, DRAFT, OTHER] = [define(1), define(2), define(3)];
const NEW = { id: 'f', number: 7, appId: 'app', name: 'Greet', listener: null };

const told = ({ events, state, definition }: FlowDecision): unknown[] => [
  events.map(({ type }) => type),
  [state.status, state.version, state.publishedVersion],
  definition,
];

describe('RG-08: a flow with a draft on top of what runs', () => {
  it.each(['active', 'paused'] as const)('is made in one go: %s, published, and saved once more', (status) => {
    const decision = createFlowWithDraft({ ...NEW, status, definition: RUNS, draft: DRAFT }, NOW);
    expect(told(decision)).toEqual([['FlowCreated', 'FlowPublished', 'FlowUpdated'], [status, 2, 1], DRAFT]);
    expect(decision.alsoSaved).toMatchObject({ flow: { version: 1 }, definition: RUNS });
    expect(decision.saved).toBe(true);
  });

  it('whose draft is what runs has one version', () => {
    const decision = createFlowWithDraft({ ...NEW, status: 'active', definition: RUNS, draft: RUNS }, NOW);
    expect(told(decision)).toEqual([['FlowCreated', 'FlowPublished'], ['active', 1, 1], RUNS]);
    expect(decision.saved).toBe(true);
  });

  const made = createFlowWithDraft({ ...NEW, status: 'active', definition: RUNS, draft: DRAFT }, NOW);
  const stored: StoredFlow = { state: made.state, definition: made.definition, streamVersion: 3 };
  const change = (wanted: { status?: 'active' | 'paused'; definition?: FlowDefinition; draft?: FlowDefinition }) =>
    changeFlowWithDraft(stored, RUNS, { status: 'active', definition: RUNS, draft: DRAFT, ...wanted }, NOW);

  it('is left alone when it is so already', () => {
    expect(change({}).events).toEqual([]);
  });

  it('gets another draft without publishing anything', () => {
    expect(told(change({ draft: OTHER }))).toEqual([['FlowUpdated'], ['active', 3, 1], OTHER]);
  });

  it('is published anew when something else is to run, and keeps its draft as the latest version', () => {
    const decision = change({ definition: OTHER });
    expect(told(decision)).toEqual([['FlowUpdated', 'FlowPublished', 'FlowUpdated'], ['active', 4, 3], DRAFT]);
    expect(decision.alsoSaved).toMatchObject({ flow: { version: 3 }, definition: OTHER });
  });

  it('publishes its draft and goes on from it', () => {
    expect(told(change({ definition: DRAFT, draft: OTHER }))).toEqual([
      ['FlowPublished', 'FlowUpdated'],
      ['active', 3, 2],
      OTHER,
    ]);
  });

  it('is paused without publishing the draft', () => {
    expect(told(change({ status: 'paused' }))).toEqual([['FlowPublished'], ['paused', 2, 1], DRAFT]);
  });
});
