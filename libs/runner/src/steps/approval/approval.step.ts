import { waitOver, WAIT_OVER, waitUntil } from '../../waiting/wait-length.ts';
import { StepError, type StepOutcome, type StepType } from '../step-type.ts';

/** What an approval says about itself while it waits; the page of its link and the API read it. */
export interface ApprovalAsked {
  /** What is to be decided, for people. */
  message: string | null;
  /** Who may decide: ids of users, `role:<role>`, or whatever names the holder of the link. Empty: every operator. */
  to: readonly string[];
}

/** What was decided, as `StepAnswered` has it. */
export interface ApprovalDecision {
  approved: boolean;
  comment: string | null;
  /** RFC 3339. */
  at: string;
  /** Who, as far as it is known: nobody who uses the link says so. */
  by?: string;
}

const MAX_APPROVERS = 50;

function textOf(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function approversOf(value: unknown): string[] {
  const all = value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];
  const names = all.filter((each) => typeof each === 'string' && each.trim() !== '').map((each) => String(each).trim());
  if (names.length !== all.length || names.length > MAX_APPROVERS) {
    throw new StepError('invalid_approvers', `"to" is a text, or a list of at most ${MAX_APPROVERS} texts`);
  }
  return names;
}

/**
 * Waits for a person's decision, by the link `callbacks.<ref>` or by the API. The output is `{approved, by, comment, at}`.
 * When nobody decides within `timeout` the steps of `onTimeout` run, or the step fails where there are none.
 */
export const approvalStep: StepType = {
  type: 'approval',
  compile(step, compiler) {
    const timeout = step.timeout === undefined ? null : compiler.value(step.timeout);
    const message = compiler.value(step.message ?? null);
    const to = compiler.value(step.to ?? null);
    const late = step.onTimeout === undefined ? null : compiler.block(step.onTimeout);
    return {
      link: 'approval',
      ...(late === null ? {} : { inside: [late] }),
      begin(scope): StepOutcome {
        const asked: ApprovalAsked = {
          message: textOf(message.evaluate(scope.context, scope)),
          to: approversOf(to.evaluate(scope.context, scope)),
        };
        return { kind: 'wait', untilMs: waitUntil(timeout, scope), output: asked };
      },
      resume(_scope, end, sofar) {
        if (end.kind === 'due') throw waitOver(end.untilMs);
        const { approved, comment, at, by } = end.value as ApprovalDecision;
        const { to: asked } = sofar as ApprovalAsked;
        // Who was sent the link is taken for who used it, where it was one.
        return { approved, by: by ?? (asked.length === 1 ? asked[0] : null), comment, at };
      },
      onFailure: (error) => (error.code === WAIT_OVER ? late : null),
    };
  },
};
