import type { DomainEventRecorded, EndpointState } from '@sluice/contracts';
import {
  compileFilter,
  compileTransform,
  type EventFilter,
  eventScope,
  type EventScope,
  EventTemplateError,
  type EventTransform,
} from '@sluice/endpoints';

/** Compiled once per state of an endpoint: a change is another object. */
const filters = new WeakMap<EndpointState, EventFilter>();
const transforms = new WeakMap<EndpointState, EventTransform>();
const scopes = new WeakMap<object, EventScope>();
/** After so much time for one event the rest of its filters is left to the senders (decision 0201). */
const MATCHING_MS = 25;

export type FilterableEvent = Omit<DomainEventRecorded, 'deliveries'>;

/**
 * DL-02: those of the endpoints whose filter lets the event through, or fails: what a failure means is shown by the
 * delivery, where a person sees it.
 */
export function passing(endpoints: readonly EndpointState[], event: FilterableEvent): EndpointState[] {
  if (endpoints.length === 0) return [];
  const untilMs = performance.now() + MATCHING_MS;
  let isLate = false;
  return endpoints.filter((endpoint, index) => {
    isLate ||= index % 16 === 15 && performance.now() > untilMs;
    if (isLate) return true;
    try {
      return passesFilter(endpoint, event);
    } catch (error) {
      if (error instanceof EventTemplateError) return true;
      throw error;
    }
  });
}

/** @throws EventTemplateError when the filter fails on this event. */
export function passesFilter(endpoint: EndpointState, event: FilterableEvent): boolean {
  const { filter: source } = endpoint;
  if (!source) return true;
  let filter = filters.get(endpoint);
  if (!filter) {
    filter = compiled('filter_failed', () => compileFilter(source));
    filters.set(endpoint, filter);
  }
  return filter.passes(scopeOf(event));
}

/** The result of the endpoint's transformation. @throws EventTemplateError when it fails on this event. */
export function transformed(endpoint: EndpointState, source: string, event: FilterableEvent): unknown {
  let transform = transforms.get(endpoint);
  if (!transform) {
    transform = compiled('transform_failed', () => compileTransform(source));
    transforms.set(endpoint, transform);
  }
  return transform.apply(scopeOf(event));
}

/** One event meets many filters. */
function scopeOf(event: FilterableEvent): EventScope {
  let scope = scopes.get(event);
  if (!scope) {
    scope = eventScope(event);
    scopes.set(event, scope);
  }
  return scope;
}

/** It compiled when it was saved; a version of Sluice that knows less must not stop the events behind it. */
function compiled<T>(code: EventTemplateError['code'], compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw new EventTemplateError(code, error);
  }
}
