import type { Schema } from '../api/client.ts';

export type EndpointView = Schema<'EndpointView'>;
export type EndpointType = 'event' | NonNullable<EndpointView['hookType']>;

/** LU-01, ET-01: what an outbound webhook can be. */
export const ENDPOINT_TYPES: readonly { value: EndpointType; label: string; hint: string }[] = [
  { value: 'event', label: 'Events', hint: 'Is sent the events that it subscribes to.' },
  { value: 'PROVISION', label: 'Provisioning', hint: 'A flow asks it to grant access.' },
  { value: 'DEPROVISION', label: 'Deprovisioning', hint: 'A flow asks it to take access back.' },
  { value: 'REQUEST_VALIDATION', label: 'Request validation', hint: 'Says whether a request can be granted at all.' },
  { value: 'PRE_APPROVAL', label: 'Pre-approval', hint: 'Approves a request without a person, or does not.' },
  { value: 'SIEM', label: 'SIEM', hint: 'Is sent every activity of the app.' },
];

export function typeOf({ kind, hookType }: Pick<EndpointView, 'kind' | 'hookType'>): EndpointType {
  return kind === 'inline' && hookType ? hookType : 'event';
}

export function labelOfType(type: EndpointType): string {
  return ENDPOINT_TYPES.find(({ value }) => value === type)?.label ?? type;
}

/** An endpoint as the form has it: texts, whatever they will be. */
export interface EndpointDraft {
  type: EndpointType;
  name: string;
  description: string;
  url: string;
  method: 'POST' | 'GET';
  contentType: EndpointView['contentType'];
  format: EndpointView['format'];
  includeEntity: boolean;
  enabled: boolean;
  isAll: boolean;
  /** One a line. */
  events: string;
  secret: string;
  basicUser: string;
  basicPass: string;
  headers: readonly { key: string; value: string }[];
  filter: string;
  transform: string;
  ordering: string;
  /** Durations with commas between them. */
  schedule: string;
  rateLimit: string;
  concurrency: string;
}

export function emptyDraft(type: EndpointType): EndpointDraft {
  return {
    type,
    name: '',
    description: '',
    url: '',
    method: 'POST',
    contentType: 'application/json',
    format: 'etl',
    includeEntity: true,
    enabled: true,
    isAll: true,
    events: '',
    secret: '',
    basicUser: '',
    basicPass: '',
    headers: [],
    filter: '',
    transform: '',
    ordering: '',
    schedule: '',
    rateLimit: '',
    concurrency: '10',
  };
}

export function draftOf(view: EndpointView): EndpointDraft {
  return {
    type: typeOf(view),
    name: view.name,
    description: view.description,
    url: view.url,
    method: view.method,
    contentType: view.contentType,
    format: view.format,
    includeEntity: view.includeEntity,
    enabled: view.enabled,
    isAll: view.events.includes('*'),
    events: view.events.filter((each) => each !== '*').join('\n'),
    secret: view.secret ?? '',
    basicUser: view.basicUser ?? '',
    basicPass: view.basicPass ?? '',
    headers: view.headers.map(({ key = '', value = '' }) => ({ key, value })),
    filter: view.filter ?? '',
    transform: view.transform ?? '',
    ordering: view.ordering ?? '',
    schedule: (view.retry.schedule ?? []).join(', '),
    rateLimit: view.rateLimit === null ? '' : String(view.rateLimit),
    concurrency: String(view.concurrency),
  };
}

const orNull = (text: string): string | null => (text.trim() === '' ? null : text);
const listOf = (text: string): string[] =>
  text
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter(Boolean);
/** What is no number goes as it is: the server says at the field what is wrong with it. */
const numberOf = (text: string): number | string | null => {
  if (text.trim() === '') return null;
  return Number.isFinite(Number(text)) ? Number(text) : text;
};

/** What both kinds have; masked secrets go as they came, and stay what they were. */
function common(draft: EndpointDraft): Record<string, unknown> {
  return {
    name: draft.name,
    description: draft.description,
    url: draft.url,
    enabled: draft.enabled,
    headers: draft.headers.filter(({ key, value }) => key !== '' || value !== ''),
    secret: orNull(draft.secret),
    basicUser: orNull(draft.basicUser),
    basicPass: orNull(draft.basicPass),
  };
}

/** The body that creates it or changes it: all that its type has. */
export function bodyOfDraft(draft: EndpointDraft, isNew: boolean): Record<string, unknown> {
  if (draft.type !== 'event') {
    return { ...common(draft), ...(isNew ? { kind: 'inline', hookType: draft.type } : {}) };
  }
  const schedule = listOf(draft.schedule);
  return {
    ...common(draft),
    ...(isNew ? { kind: 'event' } : {}),
    events: draft.isAll ? ['*'] : listOf(draft.events),
    method: draft.method,
    contentType: draft.contentType,
    format: draft.format,
    includeEntity: draft.includeEntity,
    filter: orNull(draft.filter),
    transform: orNull(draft.transform),
    ordering: orNull(draft.ordering),
    retry: schedule.length === 0 ? null : { schedule },
    rateLimit: numberOf(draft.rateLimit),
    concurrency: numberOf(draft.concurrency) ?? 10,
  };
}

/** The body of a test before saving (LU-03): a name is not needed, and of a saved one the stored secrets are used. */
export function testBodyOf(draft: EndpointDraft, savedId: number | null): Record<string, unknown> {
  const { name, ...body } = bodyOfDraft(draft, savedId === null);
  return { ...body, ...(name === '' ? {} : { name }), ...(savedId === null ? {} : { id: savedId }) };
}

/** What somebody has just typed as a secret is told nobody, also not himself once more. */
const hidden = (text: string): string => (text === '' || /^\*+$/.test(text) ? text : '(typed anew)');

/** An endpoint as lines to compare, without what is secret. */
export function linesOfDraft(draft: EndpointDraft): string {
  const headers = draft.headers.map(({ key, value }) => ({ key, value: hidden(value) }));
  const shown = { ...draft, secret: hidden(draft.secret), basicPass: hidden(draft.basicPass), headers };
  return `${JSON.stringify(bodyOfDraft(shown, false), null, 2)}\n`;
}
