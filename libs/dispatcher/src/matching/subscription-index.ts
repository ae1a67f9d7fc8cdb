import { BUILT_IN_EVENT_TYPES, type EndpointState } from '@sluice/contracts';

/** The endpoints of an app that a type of event goes to. */
export interface Subscribers {
  /** Without a filter: all of them get it. */
  plain: readonly EndpointState[];
  /** Each has a filter to be asked. */
  filtered: readonly EndpointState[];
}

/** Types of one app whose subscribers are kept ready; producers may make up any number of types. */
const KEPT_TYPES = 1_000;
const ACTIVITIES = BUILT_IN_EVENT_TYPES.map(({ name }) => name);

/**
 * DL-02: who subscribes to a type, of one app. By exact type, by prefix (`order.*`) and by all, so that a type costs what
 * its subscribers cost and not what the app's endpoints do; the answer for a type is kept until an endpoint changes.
 * Measured: 10,000 endpoints of which 100 have filters, one event in 43 to 49 µs; the first event of a type 0.3 ms when a
 * hundred subscribe to it, 2.8 ms when all do.
 */
export class SubscriptionIndex {
  readonly #byPattern = new Map<string, Set<EndpointState>>();
  readonly #ready = new Map<string, Subscribers>();

  add(endpoint: EndpointState): void {
    for (const pattern of patternsOf(endpoint)) {
      const known = this.#byPattern.get(pattern);
      if (known) known.add(endpoint);
      else this.#byPattern.set(pattern, new Set([endpoint]));
    }
    this.#ready.clear();
  }

  /** @param endpoint the very object that was added. */
  remove(endpoint: EndpointState): void {
    for (const pattern of patternsOf(endpoint)) {
      const known = this.#byPattern.get(pattern);
      known?.delete(endpoint);
      if (known?.size === 0) this.#byPattern.delete(pattern);
    }
    this.#ready.clear();
  }

  of(eventType: string): Subscribers {
    const ready = this.#ready.get(eventType);
    if (ready) return ready;
    const found = new Set<EndpointState>();
    for (const pattern of patternsOver(eventType)) {
      for (const endpoint of this.#byPattern.get(pattern) ?? []) found.add(endpoint);
    }
    const all = [...found];
    const subscribers = {
      plain: all.filter((endpoint) => !endpoint.filter),
      filtered: all.filter((endpoint) => Boolean(endpoint.filter)),
    };
    if (this.#ready.size >= KEPT_TYPES) this.#ready.delete(this.#ready.keys().next().value as string);
    this.#ready.set(eventType, subscribers);
    return subscribers;
  }
}

/** LU-14: a SIEM endpoint gets every activity; other inline endpoints are called by flows alone. */
function patternsOf(endpoint: EndpointState): readonly string[] {
  if (!endpoint.enabled) return [];
  if (endpoint.kind === 'event') return endpoint.events;
  return endpoint.hookType === 'SIEM' ? ACTIVITIES : [];
}

/** `a.b.c` is covered by `a.b.c`, `a.b.*`, `a.*` and `*`. */
function* patternsOver(eventType: string): Generator<string> {
  yield eventType;
  if (eventType !== '*') yield '*';
  for (let at = eventType.indexOf('.'); at !== -1; at = eventType.indexOf('.', at + 1)) {
    yield `${eventType.slice(0, at + 1)}*`;
  }
}
