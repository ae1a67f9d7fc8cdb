import { RESERVED_REFS, STEP_LIMITS, STEP_SCHEMAS, type StepSchema } from '@sluice/contracts';
import { didYouMean } from './did-you-mean.rules.ts';
import { at, type FlowProblems } from './flow-problems.ts';
import { FIELD_CHECKS, isObject } from './step-field.rules.ts';
import { checkText, isTemplate } from './template.rules.ts';

const REF = /^[A-Za-z_][A-Za-z0-9_]*$/;
const COMMON = ['ref', 'type'];

/** Every ref in the flow with the pointer of its step; duplicates and malformed ones are told. */
export function collectRefs(steps: unknown, problems: FlowProblems): Map<string, string> {
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
  visit(steps, '/steps', 1);
  if (count > STEP_LIMITS.steps) problems.add('/steps', `a flow has at most ${STEP_LIMITS.steps} steps`);
  return refs;
}

function noteRef(ref: unknown, pointer: string, refs: Map<string, string>, problems: FlowProblems): void {
  if (ref === undefined) return problems.add(pointer, 'is required: a name that later steps use');
  if (typeof ref !== 'string' || !REF.test(ref) || ref.length > STEP_LIMITS.refLength) {
    const rule = `letters, digits and _, not beginning with a digit, at most ${STEP_LIMITS.refLength} characters`;
    return problems.add(pointer, `must be a name: ${rule}`);
  }
  if (RESERVED_REFS.includes(ref)) return problems.add(pointer, `"${ref}" has a meaning of its own in templates`);
  const first = refs.get(ref);
  if (first !== undefined) return problems.add(pointer, `"${ref}" is used by another step already, at ${first}`);
  refs.set(ref, pointer.slice(0, -'/ref'.length));
}

interface Block {
  steps: unknown;
  pointer: string;
}

/** The lists of steps inside a step, by its type's schema. */
function blocksOf(step: Record<string, unknown>, pointer: string): Block[] {
  const schema = schemaOf(step.type);
  if (!schema) return [];
  return Object.entries(schema.fields).flatMap(([name, field]) => {
    const value = step[name];
    const place = at(pointer, name);
    if (field.shape === 'steps') return [{ steps: value, pointer: place }];
    if (field.shape !== 'branches' || !Array.isArray(value)) return [];
    return value.map((branch: unknown, index) => ({
      steps: isObject(branch) ? branch.steps : undefined,
      pointer: at(place, index, 'steps'),
    }));
  });
}

function schemaOf(type: unknown): StepSchema | undefined {
  return typeof type === 'string' && Object.hasOwn(STEP_SCHEMAS, type) ? STEP_SCHEMAS[type] : undefined;
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
  check(steps: unknown, pointer: string, before: ReadonlySet<string>, depth: number): ReadonlySet<string> {
    if (!Array.isArray(steps)) {
      this.problems.add(pointer, 'must be a list of steps');
      return before;
    }
    if (depth > STEP_LIMITS.depth) {
      this.problems.add(pointer, `steps are nested at most ${STEP_LIMITS.depth} deep`);
      return before;
    }
    let visible = before;
    for (const [index, step] of steps.slice(0, STEP_LIMITS.steps).entries()) {
      const isFirst = depth === 1 && index === 0;
      visible = this.checkStep(step, at(pointer, index), visible, depth, isFirst);
    }
    return visible;
  }

  private checkStep(
    step: unknown,
    pointer: string,
    before: ReadonlySet<string>,
    depth: number,
    isFirst: boolean,
  ): ReadonlySet<string> {
    if (!isObject(step)) {
      this.problems.add(pointer, 'must be a step: an object with ref and type');
      return before;
    }
    const after = new Set(before);
    const schema = schemaOf(step.type);
    if (!schema) this.tellUnknownType(step.type, at(pointer, 'type'));
    else {
      if (step.type === 'webhook' && !isFirst) {
        this.problems.add(pointer, 'a webhook step must be the first step of the flow, and there is at most one');
      }
      this.checkFieldNames(step, schema, pointer);
      for (const ref of this.checkFields(step, schema, pointer, before, depth)) after.add(ref);
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
    const known = [...COMMON, ...Object.keys(schema.fields)];
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
    visible: ReadonlySet<string>,
    depth: number,
  ): Set<string> {
    const after = new Set<string>();
    const scope = { visible, all: this.all, secrets: schema.readsSecrets === true };
    for (const [name, field] of Object.entries(schema.fields)) {
      const value = step[name];
      const place = at(pointer, name);
      if (value === undefined) {
        if (field.required) this.problems.add(place, 'is required');
      } else if (field.shape === 'steps') {
        for (const ref of this.check(value, place, visible, depth + 1)) after.add(ref);
      } else if (field.shape === 'branches') {
        for (const ref of this.checkBranches(value, place, visible, depth)) after.add(ref);
      } else FIELD_CHECKS[field.shape](value, place, scope, this.problems);
    }
    return after;
  }

  /** Only one branch runs, so none sees what another made. */
  private checkBranches(value: unknown, pointer: string, visible: ReadonlySet<string>, depth: number): Set<string> {
    const after = new Set<string>();
    if (!Array.isArray(value) || value.length === 0) {
      this.problems.add(pointer, 'must be a list of at least one {when, steps}');
      return after;
    }
    for (const [index, branch] of value.entries()) {
      const place = at(pointer, index);
      if (!isObject(branch)) {
        this.problems.add(place, 'must be an object {when, steps}');
        continue;
      }
      this.checkWhen(branch.when, at(place, 'when'), visible);
      for (const name of Object.keys(branch)) {
        if (name === 'when' || name === 'steps') continue;
        this.problems.add(at(place, name), `unknown field "${name}"${didYouMean(name, ['when', 'steps'])}`);
      }
      if (branch.steps === undefined) this.problems.add(at(place, 'steps'), 'is required');
      else for (const ref of this.check(branch.steps, at(place, 'steps'), visible, depth + 1)) after.add(ref);
    }
    return after;
  }

  private checkWhen(when: unknown, pointer: string, visible: ReadonlySet<string>): void {
    if (typeof when === 'boolean') return;
    if (typeof when !== 'string' || !isTemplate(when)) {
      this.problems.add(pointer, 'must be a template such as "{{ web1.amount > 100 }}"');
      return;
    }
    checkText(when, pointer, { visible, all: this.all, secrets: false }, this.problems);
  }
}
