import type { EndpointState, EventTypeState, FlowDefinition, FlowState } from '@sluice/contracts';
import { endpointViewOf } from '../endpoints/endpoint.responses.ts';
import type { JsonObject } from '../requests/validated.ts';
import type { TriggerView } from '../triggers/trigger.requests.ts';

/** What stands in a view and is not the author's: ids, counts, times. */
const OURS = new Set([
  'id',
  'uuid',
  'number',
  'appId',
  'flowId',
  'url',
  'tokens',
  'secrets',
  'createdAt',
  'updatedAt',
  'propagating',
  'publicKey',
  'previousSecrets',
]);

/** Fields that are as they are when nobody says anything are left out: they would only hide what matters. */
function withoutOurs(view: object, keep: readonly string[] = []): JsonObject {
  return Object.fromEntries(
    Object.entries(view).filter(
      ([name, value]) => (!OURS.has(name) || keep.includes(name)) && value !== null && value !== undefined,
    ),
  );
}

/** @param definition that of the version that runs, or the latest one of a flow that was never published. */
export function exportedFlow({ name, status, listener }: FlowState, definition: FlowDefinition): JsonObject {
  return { name, status, ...(listener === null ? {} : { listener }), ...definition };
}

/**
 * With the name of its flow in place of the id; tokens and secrets are not in it.
 * @param flowName null when it names a listener instead
 */
export function exportedTrigger(view: TriggerView, flowName: string | null): JsonObject {
  const { name, ...rest } = withoutOurs(view);
  return { name, ...(flowName === null ? {} : { flow: flowName }), ...rest };
}

/** With a mask where something secret is; the mask keeps what is stored when it is imported over the same endpoint. */
export function exportedEndpoint(state: EndpointState): JsonObject {
  const shown = withoutOurs(endpointViewOf(state), ['url']);
  if (state.kind === 'event') return shown;
  // An inline endpoint has no such settings, and they would be refused on the way back.
  const { events: _events, retry: _retry, ...inline } = shown;
  return inline;
}

export function exportedEventType({ name, description, schema, validate }: EventTypeState): JsonObject {
  return { name, description, ...(schema === null ? {} : { schema }), validate };
}
