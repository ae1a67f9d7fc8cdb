import { callWebhookStep } from './call-webhook/call-webhook.step.ts';
import { codeStep } from './code/code.step.ts';
import { approvalStep } from './approval/approval.step.ts';
import { conditionStep } from './condition/condition.step.ts';
import { delayStep } from './delay/delay.step.ts';
import { emitStep } from './emit/emit.step.ts';
import { failStep } from './fail/fail.step.ts';
import { foreachStep } from './foreach/foreach.step.ts';
import { httpStep } from './http/http.step.ts';
import { listenerStep } from './listener/listener.step.ts';
import { parallelStep } from './parallel/parallel.step.ts';
import { respondStep } from './respond/respond.step.ts';
import { runFlowStep } from './run-flow/run-flow.step.ts';
import { setStep } from './set/set.step.ts';
import type { StepType } from './step-type.ts';
import { switchStep } from './switch/switch.step.ts';
import { waitForCallbackStep } from './wait-for-callback/wait-for-callback.step.ts';
import { webhookStep } from './webhook/webhook.step.ts';

/** Every type of step this runner can run. */
export const STEP_TYPES: ReadonlyMap<string, StepType> = new Map(
  [
    approvalStep,
    waitForCallbackStep,
    webhookStep,
    setStep,
    conditionStep,
    switchStep,
    foreachStep,
    parallelStep,
    emitStep,
    httpStep,
    delayStep,
    respondStep,
    failStep,
    listenerStep,
    runFlowStep,
    callWebhookStep,
    codeStep,
  ].map((type) => [type.type, type]),
);
