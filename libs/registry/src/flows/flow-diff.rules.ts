import type { FlowDefinition } from '@sluice/contracts';

/** A field that differs; absent on one side: it was not there. */
export interface FieldDifference {
  field: string;
  from?: unknown;
  to?: unknown;
}

export interface StepDifference {
  ref: string;
  change: 'added' | 'removed' | 'changed';
  type: string;
  /** The steps that it lies in, outermost first; before and after, when they differ. */
  moved?: { from: string[]; to: string[] };
  fields: FieldDifference[];
}

export interface FlowDifference {
  /** Inputs, response, concurrency and the like; and the order of the steps of the flow itself. */
  settings: FieldDifference[];
  steps: StepDifference[];
}

type Json = Record<string, unknown>;

interface FlatStep {
  type: string;
  within: string[];
  /** Its own fields; steps that lie in it stand there by their refs. */
  fields: Json;
}

/** What a version changes against another, step by step: steps are the same when they have the same `ref`. */
export function flowDifference(from: FlowDefinition, to: FlowDefinition): FlowDifference {
  const [before, after] = [flatten(from), flatten(to)];
  const refs = [...new Set([...after.steps.keys(), ...before.steps.keys()])];
  return {
    settings: fieldDifferences(before.settings, after.settings),
    steps: refs.flatMap((ref) => stepDifference(ref, before.steps.get(ref), after.steps.get(ref))),
  };
}

function stepDifference(ref: string, from: FlatStep | undefined, to: FlatStep | undefined): StepDifference[] {
  const type = (to ?? from)?.type ?? '';
  if (!from || !to) {
    const fields = fieldDifferences(from?.fields ?? {}, to?.fields ?? {});
    return [{ ref, change: to ? 'added' : 'removed', type, fields }];
  }
  const fields = fieldDifferences(from.fields, to.fields);
  const isMoved = from.within.join('/') !== to.within.join('/');
  if (fields.length === 0 && !isMoved) return [];
  return [
    { ref, change: 'changed', type, ...(isMoved ? { moved: { from: from.within, to: to.within } } : {}), fields },
  ];
}

function fieldDifferences(from: Json, to: Json): FieldDifference[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((field) => canonical(from[field]) !== canonical(to[field]))
    .map((field) => ({
      field,
      ...(field in from ? { from: from[field] } : {}),
      ...(field in to ? { to: to[field] } : {}),
    }));
}

function flatten(definition: FlowDefinition): { settings: Json; steps: Map<string, FlatStep> } {
  const steps = new Map<string, FlatStep>();
  const settings = folded(definition, [], steps) as Json;
  return { settings, steps };
}

/** The value with every step in it replaced by its ref; the steps go to `steps`. */
function folded(value: unknown, within: string[], steps: Map<string, FlatStep>): unknown {
  if (Array.isArray(value)) return value.map((each) => foldedItem(each, within, steps));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, folded(each, within, steps)]));
}

function foldedItem(item: unknown, within: string[], steps: Map<string, FlatStep>): unknown {
  const { ref, type } = (item ?? {}) as { ref?: unknown; type?: unknown };
  if (typeof ref !== 'string' || typeof type !== 'string') return folded(item, within, steps);
  steps.set(ref, { type, within, fields: {} });
  const { ref: _ref, ...fields } = folded(item, [...within, ref], steps) as Json;
  steps.set(ref, { type, within, fields });
  return ref;
}

/** JSON with the keys of every object in order, so that equal values are equal text. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
