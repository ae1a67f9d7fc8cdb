import type { StepScope } from '../steps/step-type.ts';
import { isTruthy, saysTrue } from './truth.rules.ts';
import type { ValueTemplate } from './value-template.ts';

/** Something that holds or does not, such as the `if` of a step. Pure. */
export interface Condition {
  /** @throws TemplateError */
  holds(scope: StepScope): boolean;
}

const ONE_EXPRESSION = /^\s*\{\{.*\}\}\s*$/s;

/** @param value the compiled source. One expression has a typed value; other text is true when it says so. */
export function conditionOf(source: unknown, value: ValueTemplate): Condition {
  const isExpression = typeof source !== 'string' || ONE_EXPRESSION.test(source);
  return {
    holds(scope) {
      const result = value.evaluate(scope.context, scope);
      return typeof result === 'string' && !isExpression ? saysTrue(result) : isTruthy(result);
    },
  };
}
