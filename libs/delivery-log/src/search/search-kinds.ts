import type { Where } from '../read-model/where.ts';
import type { Kind, SearchQuery } from './search.requests.ts';

/** How one table is searched: what its indexes answer, and what each row has to be looked at for. */
export interface SearchSource {
  kind: Kind;
  table: string;
  /** Deliveries go by the time they were made: a replay is new although its id carries an old time. */
  byCreation: boolean;
  /** Adds the conditions that indexes answer; false when the query finds nothing here. */
  narrow(where: Where, query: SearchQuery): boolean;
  /** Conditions that need the row itself, or one beside it. */
  tests(where: Where, query: SearchQuery): string[];
}

/** Text as `encode(bytes, 'escape')` shows it, in lower case: bytes of other alphabets in octal. */
function escaped(text: string): string {
  return [...Buffer.from(text.toLowerCase())]
    .map((byte) => (byte >= 128 ? `\\${byte.toString(8)}` : byte === 92 ? '\\\\' : String.fromCharCode(byte)))
    .join('');
}

/** Text that stands in JSON may be written with escapes there. */
function holds(where: Where, columns: readonly string[], text: string): string {
  const wanted = text.toLowerCase();
  const values = [...new Set([wanted, JSON.stringify(wanted).slice(1, -1)])].map((each) => where.value(each));
  const tests = columns.flatMap((column) => values.map((value) => `position(${value}::text in lower(${column})) > 0`));
  return `(${tests.join(' or ')})`;
}

function ofRun(where: Where, { triggerId, flowId }: SearchQuery): string[] {
  const tests: string[] = [];
  if (triggerId) tests.push(`r.trigger_id = ${where.value(triggerId)}::uuid`);
  if (flowId) tests.push(`r.flow_id = ${where.value(flowId)}::uuid`);
  if (tests.length === 0) return [];
  return [`exists (select 1 from delivery_log.runs r where r.id = t.run_id and ${tests.join(' and ')})`];
}

const RUN_STATUSES = ['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out'];
const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed', 'discarded'];

const REQUEST: SearchSource = {
  kind: 'request',
  table: 'requests',
  byCreation: false,
  narrow(where, { triggerId, flowId, endpointId, eventType, status, statusCode }) {
    if (endpointId ?? eventType ?? statusCode) return false;
    if (status !== undefined && status !== 'accepted') return false;
    where.addIf('t.trigger_id = ?', triggerId).addIf('t.flow_id = ?', flowId);
    return true;
  },
  tests(where, { q }) {
    if (!q) return [];
    const body = `position(${where.value(escaped(q))}::text in lower(encode(t.body, 'escape'))) > 0`;
    return [`(${holds(where, ['t.data'], q)} or ${body})`];
  },
};

/** Only a short record is kept of what was refused. It is written by JSON.stringify, which puts no space behind a colon. */
const REJECTION: SearchSource = {
  kind: 'request',
  table: 'rejected_requests',
  byCreation: false,
  narrow(where, { triggerId, endpointId, eventType, status }) {
    if (endpointId ?? eventType) return false;
    if (status !== undefined && status !== 'rejected') return false;
    where.addIf('t.trigger_id = ?', triggerId);
    return true;
  },
  tests(where, { flowId, statusCode, q }) {
    // Quotes inside of a value are escaped, so that this is never found in one.
    const has = (field: string, value: string): string =>
      `position(${where.value(`"${field}":${value}`)}::text in t.data) > 0`;
    return [
      ...(flowId === undefined ? [] : [has('flowId', `"${flowId.toLowerCase()}"`)]),
      ...(statusCode === undefined ? [] : [has('status', String(statusCode))]),
      ...(q ? [holds(where, ['t.data'], q)] : []),
    ];
  },
};

const RUN: SearchSource = {
  kind: 'run',
  table: 'runs',
  byCreation: false,
  narrow(where, { flowId, endpointId, eventType, status, statusCode }) {
    if (endpointId ?? eventType ?? statusCode) return false;
    if (status !== undefined && !RUN_STATUSES.includes(status)) return false;
    where.addIf('t.flow_id = ?', flowId).addIf('t.status = ?', status);
    // The planner cannot tell from a parameter that the partial index of what did not succeed holds all of them.
    if (status && status !== 'succeeded') where.add("t.status <> 'succeeded' and ?", true);
    return true;
  },
  tests(where, { triggerId, q }) {
    const tests = triggerId ? [`t.trigger_id = ${where.value(triggerId)}::uuid`] : [];
    return q ? [...tests, holds(where, ["coalesce(t.result, '')", "coalesce(t.error, '')"], q)] : tests;
  },
};

const EVENT: SearchSource = {
  kind: 'event',
  table: 'domain_events',
  byCreation: false,
  narrow(where, { endpointId, eventType, status, statusCode }) {
    if (endpointId ?? statusCode) return false;
    if (status !== undefined && status !== 'recorded') return false;
    where.addIf('t.type = ?', eventType);
    return true;
  },
  tests(where, query) {
    return [...ofRun(where, query), ...(query.q ? [holds(where, ['t.data'], query.q)] : [])];
  },
};

const DELIVERY: SearchSource = {
  kind: 'delivery',
  table: 'deliveries',
  byCreation: true,
  narrow(where, { endpointId, eventType, status, statusCode }) {
    if (status !== undefined && !DELIVERY_STATUSES.includes(status)) return false;
    if (endpointId) addEndpoint(where, endpointId);
    where.addIf('t.event_type = ?', eventType).addIf('t.status = ?', status).addIf('t.last_status = ?', statusCode);
    const isTrouble = (status && status !== 'succeeded') || (statusCode !== undefined && statusCode >= 300);
    if (isTrouble) where.add("t.status <> 'succeeded' and ?", true);
    return true;
  },
  tests(where, query) {
    if (!query.q) return ofRun(where, query);
    const text = holds(where, ['a.data'], query.q);
    return [
      ...ofRun(where, query),
      `exists (select 1 from delivery_log.attempts a where a.delivery_id = t.id and ${text})`,
    ];
  },
};

function addEndpoint(where: Where, endpointId: string): void {
  const known = 'select endpoint_id from delivery_log.endpoint_ids where endpoint_uuid = ?';
  if (/^\d+$/.test(endpointId)) where.add('t.endpoint_id = ?', Number(endpointId));
  else where.add('t.endpoint_uuid = ?', endpointId).add(`t.endpoint_id = (${known})`, endpointId);
}

export const SEARCH_SOURCES = {
  request: REQUEST,
  rejection: REJECTION,
  run: RUN,
  event: EVENT,
  delivery: DELIVERY,
} as const satisfies Readonly<Record<string, SearchSource>>;
export type SourceName = keyof typeof SEARCH_SOURCES;

/** Where to look for these kinds; requests that were refused have a table of their own. */
export function sourcesOf(kinds: readonly Kind[]): SourceName[] {
  const names = Object.keys(SEARCH_SOURCES) as SourceName[];
  return names.filter((name) => kinds.includes(SEARCH_SOURCES[name].kind));
}
