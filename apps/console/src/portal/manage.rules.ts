import type { Schema } from '../api/client.ts';
import type { Endpoint } from './portal-client.ts';

/** An endpoint as it stands in the form: what there may be several of has a line each. */
export interface Draft {
  name: string;
  url: string;
  events: string;
  headers: string;
}

type Wish = Pick<Schema<'ChangeEndpoint'>, 'name' | 'url' | 'events' | 'headers'>;

export function draftOf({ name, url, events, headers }: Endpoint): Draft {
  return {
    name,
    url,
    events: events.join('\n'),
    headers: headers.map((each) => `${each.key}: ${each.value}`).join('\n'),
  };
}

export function isSame(draft: Draft, saved: Draft): boolean {
  return Object.keys(wishOf(draft, saved)).length === 0;
}

/** What was changed, and only that. A header without a colon is sent as a name without a value, which the API refuses. */
export function wishOf(draft: Draft, saved: Draft): Wish {
  return {
    ...(draft.name === saved.name ? {} : { name: draft.name }),
    ...(draft.url === saved.url ? {} : { url: draft.url }),
    ...(draft.events === saved.events ? {} : { events: linesOf(draft.events) }),
    ...(draft.headers === saved.headers ? {} : { headers: linesOf(draft.headers).map(headerOf) }),
  };
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function headerOf(line: string): { key: string; value: string } {
  const at = line.indexOf(':');
  return at < 0 ? { key: line, value: '' } : { key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
}
