import type { FlowDefinition, FlowStatus } from '@sluice/contracts';
import {
  canonical,
  changeFlow,
  createFlow,
  type FlowDecision,
  type FlowPatch,
  type NewFlow,
  publishAs,
  type StoredFlow,
} from './flow.decider.ts';

/** What runs, and what was saved after it. Of a flow that is a draft nothing runs, so it has no draft besides itself. */
export interface PublishedAndDraft extends FlowPatch {
  status: Exclude<FlowStatus, 'draft'>;
  definition: FlowDefinition;
  draft: FlowDefinition;
}

/** Saves and publishes version 1, and saves the draft as version 2. */
export function createFlowWithDraft(flow: NewFlow & PublishedAndDraft, now: string): FlowDecision {
  const { draft, status, ...fields } = flow;
  const created = createFlow({ ...fields, status: 'draft' }, now);
  return draftAfter(publishAs(created, status, now), draft, now);
}

/**
 * Makes a flow have this published version with this draft on top, by as few versions as possible: what is published
 * already is not published again.
 * @param published the definition of the version that runs now, or null.
 */
export function changeFlowWithDraft(
  flow: StoredFlow,
  published: FlowDefinition | null,
  wanted: PublishedAndDraft,
  now: string,
): FlowDecision {
  const { draft, status, definition, ...identity } = wanted;
  if (published !== null && canonical(published) === canonical(definition)) {
    const changed = changeFlow(flow, { ...identity, definition: draft }, now);
    // Not `active`: that would publish the draft.
    return changed.state.status === status ? changed : publishedAgain(flow, changed, status, now);
  }
  const saved = changeFlow(flow, { ...identity, definition }, now);
  return draftAfter(publishAs(saved, status, now), draft, now);
}

/** The same version as before, with another status. */
function publishedAgain(
  flow: StoredFlow,
  decision: FlowDecision,
  status: PublishedAndDraft['status'],
  now: string,
): FlowDecision {
  return publishAs(decision, status, now, flow.state.publishedVersion ?? decision.state.version);
}

function draftAfter(first: FlowDecision, draft: FlowDefinition, now: string): FlowDecision {
  const { state, definition, events } = first;
  const second = changeFlow({ state, definition, streamVersion: 0 }, { definition: draft }, now);
  if (!second.saved) return first;
  return {
    ...second,
    events: [...events, ...second.events],
    ...(first.saved ? { alsoSaved: { flow: state, definition } } : {}),
  };
}
