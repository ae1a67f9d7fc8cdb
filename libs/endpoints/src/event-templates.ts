import type { DomainEventRecorded } from '@sluice/contracts';
import { compileTemplate, lintTemplate, type Template, TemplateError } from '@sluice/templates';

/** What filters, transformations and ordering keys read: `event`, and nothing else. */
export interface EventScope {
  event: Record<string, unknown>;
}

const NONE: Readonly<Record<string, never>> = {};

export type EventFacts = Pick<
  DomainEventRecorded,
  'eventId' | 'type' | 'source' | 'subject' | 'time' | 'data' | 'attributes' | 'entityId' | 'entityUrl'
>;

export function eventScope(event: EventFacts): EventScope {
  const { eventId, type, source, subject, time, data, entityId, entityUrl } = event;
  const extensions = event.attributes?.extensions ?? NONE;
  return { event: { id: eventId, type, source, subject, time, data, entityId, entityUrl, extensions } };
}

/** Longest source of such a template, in characters. */
export const MAX_EVENT_TEMPLATE = 10_000;
/** Work of one filter or ordering key: about 1 ms. A thousand filters of one app cannot hold the matching up for long. */
const FILTER_STEPS = 20_000;
/** Work of one transformation, about 10 ms; it is done once per attempt. */
const TRANSFORM_STEPS = 300_000;
const MAX_ORDERING_KEY = 512;
const MARKS = /\{[{%#]/;

/** A filter or a key may be written as a bare expression; in a transformation text is text. */
function asTemplate(source: string): string {
  return MARKS.test(source) ? source : `{{ ${source} }}`;
}

/** Why a setting cannot be compiled, or null. `bare`: an expression without braces is one. */
export function templateProblem(source: string, options: { bare: boolean }): string | null {
  const [problem] = lintTemplate(options.bare ? asTemplate(source) : source, { maxSource: MAX_EVENT_TEMPLATE + 6 });
  if (problem) return `line ${problem.line}, column ${problem.column}: ${problem.message}`;
  const unknown = unknownNames(options.bare ? asTemplate(source) : source);
  return unknown.length === 0 ? null : `reads ${unknown.join(', ')}, and there is only "event"`;
}

function unknownNames(source: string): string[] {
  return compileTemplate(source, { maxSource: MAX_EVENT_TEMPLATE + 6 }).references.filter((name) => name !== 'event');
}

/** A template failed on an event; the message is for the person who wrote it. */
export class EventTemplateError extends Error {
  readonly code: 'filter_failed' | 'transform_failed' | 'ordering_failed';
  constructor(code: EventTemplateError['code'], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'EventTemplateError';
    this.code = code;
  }
}

/** DL-02: whether an event is for an endpoint. */
export interface EventFilter {
  /** @throws EventTemplateError */
  passes(scope: EventScope): boolean;
}

/** @throws TemplateSyntaxError, though never for one that was checked when it was saved. */
export function compileFilter(source: string): EventFilter {
  const template = compileTemplate(asTemplate(source), { maxSource: MAX_EVENT_TEMPLATE + 6 });
  return { passes: (scope) => isYes(evaluated('filter_failed', template, scope, FILTER_STEPS)) };
}

/** Python's truth of a value; of text that was rendered around expressions, what it says. */
function isYes(value: unknown): boolean {
  if (typeof value === 'string') return !['', 'false', 'none', 'null', '0'].includes(value.trim().toLowerCase());
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

/** DL-05: deliveries of one key of one endpoint go one after another. */
export interface OrderingKey {
  /** @throws EventTemplateError */
  keyOf(scope: EventScope): string;
}

/** `endpoint` is one key for everything that the endpoint gets. @throws TemplateSyntaxError */
export function compileOrdering(source: string): OrderingKey {
  if (source === 'endpoint') return { keyOf: () => 'endpoint' };
  const template = compileTemplate(asTemplate(source), { maxSource: MAX_EVENT_TEMPLATE + 6 });
  return {
    keyOf: (scope) => {
      const value = evaluated('ordering_failed', template, scope, FILTER_STEPS);
      const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
      return text.slice(0, MAX_ORDERING_KEY);
    },
  };
}

/** DL-02: what is sent in place of the format's body. */
export interface EventTransform {
  /** Text as it was rendered; the value of a template that is one expression. @throws EventTemplateError */
  apply(scope: EventScope): unknown;
}

/** @throws TemplateSyntaxError */
export function compileTransform(source: string): EventTransform {
  const template = compileTemplate(source, { maxSource: MAX_EVENT_TEMPLATE });
  return { apply: (scope) => evaluated('transform_failed', template, scope, TRANSFORM_STEPS) };
}

function evaluated(code: EventTemplateError['code'], template: Template, scope: EventScope, steps: number): unknown {
  try {
    return template.evaluate(scope as unknown as Record<string, unknown>, { steps });
  } catch (error) {
    if (error instanceof TemplateError) throw new EventTemplateError(code, error);
    throw error;
  }
}
