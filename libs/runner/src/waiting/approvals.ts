import { Injectable } from '@nestjs/common';
import { AccessControl, actorOf, type Principal, ROLES } from '@sluice/access';
import type { Role } from '@sluice/contracts';
import type { FoundRun } from '../api/runs.query.ts';
import { runnerError } from '../runner.errors.ts';
import type { ApprovalAsked, ApprovalDecision } from '../steps/approval/approval.step.ts';
import { StepAnswers } from './step-answers.ts';

const ROLE = /^role:(\w+)$/;

/** Decisions of people who are signed in. */
@Injectable()
export class Approvals {
  constructor(
    private readonly access: AccessControl,
    private readonly answers: StepAnswers,
  ) {}

  /**
   * Records who decided what; the run goes on at once. The first decision counts.
   * @param key of the step in its run: its ref, or inside a loop its path.
   * @throws AppError `approval_not_found`, `not_an_approver`, `already_decided`, `run_finished`
   */
  async decide(
    found: FoundRun,
    key: string,
    decision: Pick<ApprovalDecision, 'approved' | 'comment'>,
    caller: Principal,
  ) {
    const { run, origin } = found;
    const step = run.steps.get(key);
    if (step?.type !== 'approval') throw runnerError('approval_not_found', 'the run has no approval of that name');
    if (step.finishedAt !== null || run.answers.has(key)) throw alreadyDecided();
    if (run.finished) throw runnerError('run_finished', `the run ended as ${run.finished.status}`);
    const { to } = step.output as ApprovalAsked;
    if (!this.isApprover(caller, origin.appId, to)) {
      throw runnerError('not_an_approver', 'the flow names others who decide this');
    }
    const by = caller.userId ?? `token:${caller.tokenId}`;
    const answer: ApprovalDecision = { ...decision, at: new Date().toISOString(), by };
    const delivered = await this.answers.answer(run.id, key, answer, { actor: actorOf(caller) });
    if (delivered !== 'answered') throw alreadyDecided();
  }

  /** Whether `decide` would let the caller decide, as far as it depends on who it is. */
  mayDecide(caller: Principal, appId: string, to: ApprovalAsked['to']): boolean {
    return this.access.mayIn(caller, appId, 'automation.view', 'operator') && this.isApprover(caller, appId, to);
  }

  /** Administrators of the app may always decide: who is named may have left. */
  private isApprover(caller: Principal, appId: string | null, to: ApprovalAsked['to']): boolean {
    const has = (role: Role): boolean => appId !== null && this.access.mayIn(caller, appId, 'automation.view', role);
    if (to.length === 0 || has('administrator')) return true;
    return to.some((name) => {
      const role = ROLE.exec(name)?.[1];
      return name === caller.userId || (isRole(role) && has(role));
    });
  }
}

const isRole = (name: string | undefined): name is Role => (ROLES as readonly (string | undefined)[]).includes(name);

const alreadyDecided = (): Error => runnerError('already_decided', 'somebody decided it already, or its time is over');
