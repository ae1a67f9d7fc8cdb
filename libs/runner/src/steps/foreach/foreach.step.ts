import { STEP_LIMITS } from '@sluice/contracts';
import type { ValueTemplate } from '../../flows/value-template.ts';
import {
  type CompiledStep,
  type Lanes,
  StepError,
  type StepInterpreter,
  type StepOutcome,
  type StepScope,
  type StepType,
} from '../step-type.ts';

interface Loop {
  in: ValueTemplate;
  as: string;
  index: string;
  parallel: number;
  maxItems: number;
  onItemError: 'fail' | 'continue';
  /** What is kept of an item; null: the output of its last step; `nothing`: only how many there were. */
  collect: ValueTemplate | 'nothing' | null;
  steps: readonly CompiledStep[];
}

/** The items of one run of a loop. */
class Items implements Lanes {
  readonly count: number;
  readonly limit: number;
  readonly onError: 'fail' | 'continue';
  private readonly items: readonly unknown[];
  private readonly loop: Loop;

  constructor(items: readonly unknown[], loop: Loop) {
    this.items = items;
    this.loop = loop;
    this.count = items.length;
    this.limit = loop.parallel;
    this.onError = loop.onItemError;
  }

  stepsOf(): readonly CompiledStep[] {
    return this.loop.steps;
  }

  pathOf(index: number): string {
    return `[${index}]`;
  }

  valuesOf(index: number): readonly (readonly [string, unknown])[] {
    return [
      [this.loop.as, this.items[index]],
      [this.loop.index, index],
    ];
  }

  keep(last: unknown, scope: StepScope): unknown {
    const { collect } = this.loop;
    if (collect === 'nothing') return true;
    return collect === null ? last : collect.evaluate(scope.context, scope);
  }

  output(outputs: readonly unknown[]): unknown {
    if (this.loop.collect !== 'nothing') return outputs;
    const failed = outputs.filter((each) => each !== true).length;
    return { count: this.count, failed };
  }
}

class ForeachStep implements StepInterpreter {
  readonly inside: readonly (readonly CompiledStep[])[];
  private readonly loop: Loop;

  constructor(loop: Loop) {
    this.loop = loop;
    this.inside = [loop.steps];
  }

  begin(scope: StepScope): StepOutcome {
    const items = itemsOf(this.loop.in.evaluate(scope.context, scope));
    if (items.length > this.loop.maxItems) {
      throw new StepError('too_many_items', `the list has ${items.length} items, more than ${this.loop.maxItems}`);
    }
    return { kind: 'lanes', lanes: new Items(items, this.loop) };
  }
}

/** An object is a list of `{key, value}`; nothing is an empty list, as in a template's `for`. */
function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  if (typeof value === 'object' && !(value instanceof Date)) {
    return Object.entries(value).map(([key, each]) => ({ key, value: each as unknown }));
  }
  throw new StepError('not_a_list', `"in" is not a list: ${JSON.stringify(value).slice(0, 100)}`);
}

function bounded(value: unknown, otherwise: number, most: number): number {
  return typeof value === 'number' ? Math.min(most, Math.max(1, Math.trunc(value))) : otherwise;
}

const nameOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

/** `in`, `as`, `index`, `steps`: runs the steps once for each item, one after the other or some side by side. */
export const foreachStep: StepType = {
  type: 'foreach',
  computes: true,
  compile: (step, compiler) =>
    new ForeachStep({
      in: compiler.value(step.in ?? null),
      as: nameOr(step.as, 'item'),
      index: nameOr(step.index, 'index'),
      parallel: bounded(step.parallel, 1, STEP_LIMITS.parallel),
      maxItems: bounded(step.maxItems, STEP_LIMITS.items, STEP_LIMITS.items),
      onItemError: step.onItemError === 'continue' ? 'continue' : 'fail',
      collect: step.collect === false ? 'nothing' : step.collect === undefined ? null : compiler.value(step.collect),
      steps: compiler.block(step.steps),
    }),
};
