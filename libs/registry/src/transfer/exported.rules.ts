import type { EndpointState, EventTypeState, FlowDefinition, FlowState, ScheduleState } from '@sluice/contracts';
import { CreateEndpoint } from '../endpoints/endpoint.requests.ts';
import { endpointViewOf } from '../endpoints/endpoint.responses.ts';
import { fieldsOf, type JsonObject } from '../requests/validated.ts';
import { CreateTrigger, type TriggerView } from '../triggers/trigger.requests.ts';

/** What says where a resource is, and not what it is: a document is for any app. */
const OF_PLACE = new Set(['appId', 'flowId']);
const TRIGGER_FIELDS = fieldsOf(CreateTrigger);
const ENDPOINT_FIELDS = fieldsOf(CreateEndpoint);

/**
 * What of a view can be sent again. Nulls are left out, because that is what a field is when nobody says anything: they
 * would only hide what matters.
 */
function sendable(view: object, fields: ReadonlySet<string>): JsonObject {
  const isSaid = ([name, value]: [string, unknown]): boolean =>
    fields.has(name) && !OF_PLACE.has(name) && value !== null && value !== undefined;
  return Object.fromEntries(Object.entries(view).filter(isSaid));
}

/**
 * @param definition that of the version that runs, or the latest one of a flow that was never published.
 * @param draft what was saved after it, when it is something else.
 */
export function exportedFlow(
  { name, status, listener, externalKey }: Pick<FlowState, 'name' | 'status' | 'listener' | 'externalKey'>,
  definition: FlowDefinition,
  draft: FlowDefinition | null,
): JsonObject {
  return {
    name,
    ...(externalKey ? { externalKey } : {}),
    status,
    ...(listener === null ? {} : { listener }),
    ...definition,
    ...(draft === null ? {} : { draft }),
  };
}

/**
 * With the name of its flow in place of the id; tokens are not in it, secrets are masked.
 * @param flowName null when it names a listener instead
 * @param listenerField the field by which Lenra's clients named the listener, and see it named
 */
export function exportedTrigger(
  view: TriggerView,
  flowName: string | null,
  listenerField: 'action' | 'listener' = 'action',
): JsonObject {
  const { name, ...rest } = sendable(view, TRIGGER_FIELDS);
  // Of a listener `ordering` is "app" unless it is said, so that there is none has to be said.
  const ordering = view.profile === 'listener' && view.ordering === null ? { ordering: 'none' } : {};
  const field = listenerField === 'action' ? {} : { listenerField };
  return { name, ...(flowName === null ? {} : { flow: flowName }), ...rest, ...ordering, ...field };
}

/** With a mask where something secret is; the mask keeps what is stored when it is imported over the same endpoint. */
export function exportedEndpoint(state: EndpointState): JsonObject {
  const shown = sendable(endpointViewOf(state), ENDPOINT_FIELDS);
  if (state.kind === 'event') return shown;
  // An inline endpoint has no such settings, and they would be refused on the way back.
  const { events: _events, retry: _retry, ...inline } = shown;
  return inline;
}

export function exportedEventType({
  name,
  description,
  schema,
  validate,
}: Pick<EventTypeState, 'name' | 'description' | 'schema' | 'validate'>): JsonObject {
  return { name, description, ...(schema === null ? {} : { schema }), validate };
}

export function exportedCron({ listener, cron, timeZone, props }: ScheduleState): JsonObject {
  return { listener, cron, timeZone, ...(props === null ? {} : { props }) };
}
