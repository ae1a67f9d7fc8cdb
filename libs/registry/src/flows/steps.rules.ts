import {
  didYouMean,
  fieldsOf,
  RESERVED_REFS,
  STEP_LIMITS,
  STEP_SCHEMAS,
  type StepField,
  type StepFieldShape,
  type StepSchema,
} from '@sluice/contracts';
import { at, type FlowProblems } from './flow-problems.ts';
import { blocksOf, listsOf, namesOf, schemaOf } from './step-blocks.rules.ts';
import { checkField, isObject, NAME_RULE, REF } from './step-field.rules.ts';
import { checkValue } from './template.rules.ts';

const COMMON = ['ref', 'type'];
const BLOCKS: ReadonlySet<StepFieldShape> = new Set(['steps', 'branches', 'cases', 'lanes']);
const ENTRY_FIELDS = { branches: ['when', 'steps'], cases: ['equals', 'steps'] } as const;

/** Where a list of steps stands. */
interface Place {
  /** Refs of steps that certainly came before, and names of loops around. */
  visible: ReadonlySet<string>;
  depth: number;
  /** Refs of later steps outside of the list that a failed step may go on at. */
  ahead: ReadonlySet<string>;
}

/** Every ref in the flow with the pointer of its step; duplicates and malformed ones are told. */
export function collectRefs(flow: { steps?: unknown; onError?: unknown }, problems: FlowProblems): Map<string, string> {
  const refs = new Map<string, string>();
  let count = 0;
  const visit = (list: unknown, pointer: string, depth: number): void => {
    if (!Array.isArray(list) || depth > STEP_LIMITS.depth) return;
    for (const [index, step] of list.entries()) {
      if (++count > STEP_LIMITS.steps || !isObject(step)) continue;
      const place = at(pointer, index);
      noteRef(step.ref, at(place, 'ref'), refs, problems);
      for (const block of blocksOf(step, place)) visit(block.steps, block.pointer, depth + 1);
    }
  };
  visit(flow.steps, '/steps', 1);
  if (isObject(flow.onError)) visit(flow.onError.steps, '/onError/steps', 1);
  if (count > STEP_LIMITS.steps) problems.add('/steps', `a flow has at most ${STEP_LIMITS.steps} steps`);
  return refs;
}

function noteRef(ref: unknown, pointer: string, refs: Map<string, string>, problems: FlowProblems): void {
  if (ref === undefined) return problems.add(pointer, 'is required: a name that later steps use');
  if (typeof ref !== 'string' || !REF.test(ref) || ref.length > STEP_LIMITS.refLength) {
    return problems.add(pointer, `must be a name: ${NAME_RULE}`);
  }
  if (RESERVED_REFS.includes(ref)) return problems.add(pointer, `"${ref}" has a meaning of its own in templates`);
  const first = refs.get(ref);
  if (first !== undefined) return problems.add(pointer, `"${ref}" is used by another step already, at ${first}`);
  refs.set(ref, pointer.slice(0, -'/ref'.length));
}

/** Checks lists of steps in the order in which they run, so that it is known what each may read. */
export class StepsCheck {
  private readonly all: ReadonlySet<string>;
  private readonly problems: FlowProblems;

  constructor(all: ReadonlySet<string>, problems: FlowProblems) {
    this.all = all;
    this.problems = problems;
  }

  /** @returns the refs that are visible after the list. */
  check(steps: unknown, pointer: string, visible: ReadonlySet<string>): ReadonlySet<string> {
    return this.checkList(steps, pointer, { visible, depth: 1, ahead: new Set() });
  }

  private checkList(steps: unknown, pointer: string, place: Place): ReadonlySet<string> {
    if (!Array.isArray(steps)) {
      this.problems.add(pointer, 'must be a list of steps');
      return place.visible;
    }
    if (place.depth > STEP_LIMITS.depth) {
      this.problems.add(pointer, `steps are nested at most ${STEP_LIMITS.depth} deep`);
      return place.visible;
    }
    const list: readonly unknown[] = steps.slice(0, STEP_LIMITS.steps);
    const ahead = new Set([...place.ahead, ...list.flatMap((step) => (isObject(step) ? [String(step.ref)] : []))]);
    let { visible } = place;
    for (const [index, step] of list.entries()) {
      if (isObject(step)) ahead.delete(String(step.ref));
      visible = this.checkStep(step, at(pointer, index), { ...place, visible, ahead }, index);
    }
    return visible;
  }

  private checkStep(step: unknown, pointer: string, place: Place, index: number): ReadonlySet<string> {
    if (!isObject(step)) {
      this.problems.add(pointer, 'must be a step: an object with ref and type');
      return place.visible;
    }
    const after = new Set(place.visible);
    const schema = schemaOf(step.type);
    if (!schema) this.tellUnknownType(step.type, at(pointer, 'type'));
    else {
      if (step.type === 'webhook' && !(pointer === '/steps/0' && index === 0)) {
        this.problems.add(pointer, 'a webhook step must be the first step of the flow, and there is at most one');
      }
      this.checkFieldNames(step, schema, pointer);
      for (const ref of this.checkFields(step, schema, pointer, place)) after.add(ref);
    }
    if (typeof step.ref === 'string') after.add(step.ref);
    return after;
  }

  private tellUnknownType(type: unknown, pointer: string): void {
    const known = Object.keys(STEP_SCHEMAS);
    if (type === undefined) this.problems.add(pointer, `is required: one of ${known.join(', ')}`);
    else if (typeof type !== 'string') this.problems.add(pointer, 'must be text');
    else this.problems.add(pointer, `unknown step type "${type}"${didYouMean(type, known)}`);
  }

  private checkFieldNames(step: Record<string, unknown>, schema: StepSchema, pointer: string): void {
    const known = [...COMMON, ...Object.keys(fieldsOf(schema))];
    for (const name of Object.keys(step)) {
      if (known.includes(name)) continue;
      const message = `a step of type ${String(step.type)} has no field "${name}"${didYouMean(name, known)}`;
      this.problems.add(at(pointer, name), message);
    }
    const given = (names: readonly string[]): number => names.filter((name) => step[name] !== undefined).length;
    if (schema.exactlyOne && given(schema.exactlyOne) !== 1) {
      this.problems.add(pointer, `needs exactly one of ${schema.exactlyOne.join(', ')}`);
    }
    if (schema.atMostOne && given(schema.atMostOne) > 1) {
      this.problems.add(pointer, `takes only one of ${schema.atMostOne.join(', ')}`);
    }
  }

  /** @returns the refs that blocks inside the step make visible after it. */
  private checkFields(
    step: Record<string, unknown>,
    schema: StepSchema,
    pointer: string,
    place: Place,
  ): ReadonlySet<string> {
    const after = new Set<string>();
    /** What is visible at the end of a field that holds steps. */
    const seen = new Map<string, ReadonlySet<string>>();
    for (const [name, field] of Object.entries(fieldsOf(schema))) {
      const value = step[name];
      const where = at(pointer, name);
      if (value === undefined) {
        if (field.required) this.problems.add(where, 'is required');
      } else if (BLOCKS.has(field.shape)) {
        const inner = this.checkBlocks(step, name, field, where, place);
        seen.set(name, inner);
        if (!field.enclosed) for (const ref of inner) after.add(ref);
      } else {
        const visible = seen.get(field.after ?? '') ?? place.visible;
        const scope = { visible, all: this.all, secrets: schema.readsSecrets === true };
        checkField(value, where, field, scope, this.problems);
        if (field.shape === 'onError' && isObject(value)) this.checkGoto(value, where, place.ahead);
      }
    }
    return after;
  }

  /** Lists of steps of which one, all side by side, or one several times is run: none sees what another made. */
  private checkBlocks(
    step: Record<string, unknown>,
    name: string,
    field: StepField,
    pointer: string,
    place: Place,
  ): ReadonlySet<string> {
    const value = step[name];
    const names = namesOf(step, field);
    const visible = new Set([...place.visible, ...names]);
    if (new Set(names).size < names.length) {
      this.problems.add(pointer.slice(0, -name.length - 1), `two things in it are called "${names[0]}"`);
    }
    const inside = { visible, depth: place.depth + 1, ahead: field.enclosed ? new Set<string>() : place.ahead };
    this.checkEntries(value, field, pointer, place.visible);
    for (const [option, otherwise] of Object.entries(field.names ?? {})) {
      if (step[option] !== undefined || !this.all.has(otherwise)) continue;
      const message = `a step is called "${otherwise}": give another name with "${option}"`;
      this.problems.add(pointer.slice(0, -name.length - 1), message);
    }
    const after = new Set(visible);
    for (const block of listsOf(value, field, pointer)) {
      for (const ref of this.checkList(block.steps, block.pointer, inside)) after.add(ref);
    }
    return after;
  }

  /** The shape around the lists of steps. */
  private checkEntries(value: unknown, field: StepField, pointer: string, visible: ReadonlySet<string>): void {
    if (field.shape === 'steps') return;
    if (field.shape === 'lanes') {
      const entries = value !== null && typeof value === 'object' ? Object.keys(value) : [];
      if (entries.length === 0) {
        this.problems.add(pointer, 'must be a list of at least one list of steps, or an object of them by name');
      } else if (!Array.isArray(value)) this.checkLaneNames(entries, pointer);
      return;
    }
    const known = ENTRY_FIELDS[field.shape as keyof typeof ENTRY_FIELDS];
    if (!Array.isArray(value) || value.length === 0) {
      return this.problems.add(pointer, `must be a list of at least one {${known.join(', ')}}`);
    }
    for (const [index, entry] of value.entries()) this.checkEntry(entry, known, at(pointer, index), visible);
  }

  private checkEntry(entry: unknown, known: readonly string[], pointer: string, visible: ReadonlySet<string>): void {
    if (!isObject(entry)) return this.problems.add(pointer, `must be an object {${known.join(', ')}}`);
    const scope = { visible, all: this.all, secrets: false };
    const [test = ''] = known;
    if (test === 'when') checkField(entry.when, at(pointer, test), { shape: 'condition' }, scope, this.problems);
    else if (entry[test] === undefined) this.problems.add(at(pointer, test), 'is required');
    else checkValue(entry[test], at(pointer, test), scope, this.problems);
    for (const name of Object.keys(entry)) {
      if (known.includes(name)) continue;
      this.problems.add(at(pointer, name), `unknown field "${name}"${didYouMean(name, known)}`);
    }
    if (entry.steps === undefined) this.problems.add(at(pointer, 'steps'), 'is required');
  }

  private checkLaneNames(names: readonly string[], pointer: string): void {
    for (const name of names) {
      if (REF.test(name) && name.length <= STEP_LIMITS.refLength) continue;
      this.problems.add(at(pointer, name), `must have a name: ${NAME_RULE}`);
    }
  }

  /** Only forward, so that no flow goes round for ever, and not out of a loop. */
  private checkGoto(value: Record<string, unknown>, pointer: string, ahead: ReadonlySet<string>): void {
    for (const name of Object.keys(value)) {
      if (name !== 'goto') this.problems.add(at(pointer, name), `unknown field "${name}"${didYouMean(name, ['goto'])}`);
    }
    const { goto } = value;
    if (typeof goto === 'string' && ahead.has(goto)) return;
    const place = at(pointer, 'goto');
    if (typeof goto !== 'string') this.problems.add(place, 'must be the ref of a later step');
    else if (this.all.has(goto)) {
      this.problems.add(place, `"${goto}" is no later step of the same list, or of a list around it outside of loops`);
    } else this.problems.add(place, `there is no step "${goto}"${didYouMean(goto, ahead)}`);
  }
}
