import { Injectable } from '@nestjs/common';
import type { RunStarted } from '@sluice/contracts';
import { isTransientError } from '@sluice/event-store';
import { startWork } from '@sluice/observability';
import { failpoint } from '@sluice/platform';
import { TemplateError } from '@sluice/templates';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { Effect } from '../runs/decision.ts';
import { momentNow } from '../runs/moment.ts';
import { effectsInFlight } from '../runs/run-metrics.ts';
import type { RunOrigin } from '../runs/run-appends.ts';
import type { RunState } from '../runs/run-state.ts';
import { mask } from '../steps/http/secret-mask.rules.ts';
import { type EffectResult, StepError } from '../steps/step-type.ts';
import { RunSecrets } from './run-secrets.ts';
import { StepEffects } from './step-effects.ts';

/** A run at work: everything that its next step needs, in memory. */
export interface RunAtWork {
  flow: CompiledFlow;
  run: RunState;
  origin: RunOrigin;
}

/** Performs one attempt of a step: secrets are opened, the request is rendered, sent, and its answer judged. */
@Injectable()
export class EffectPerformer {
  constructor(
    private readonly effects: StepEffects,
    private readonly secrets: RunSecrets,
  ) {}

  /** @throws a transient error when the database is away before anything was sent; trying again is safe. */
  async perform(work: RunAtWork, effect: Effect, signal: AbortSignal): Promise<EffectResult> {
    const { step, idempotencyKey } = effect;
    let request: unknown;
    try {
      request = await this.requestOf(work.origin, effect);
    } catch (error) {
      if (isTransientError(error)) throw error;
      return { error: unsendable(error), retryable: false };
    }
    const performer = this.effects.of(step.type);
    const span = startWork(`runner.${step.type}`, {
      parent: work.origin.meta.traceparent,
      kind: 'client',
      attributes: { 'run.id': work.run.id, 'step.ref': effect.key, 'step.attempt': effect.attempt },
    });
    effectsInFlight.inc();
    failpoint('runner.before-effect');
    try {
      const { timeoutMs } = step;
      const { traceparent } = span;
      const result = await performer.perform({
        request,
        runId: work.run.id,
        stepKey: effect.key,
        started: work.run.started as RunStarted,
        origin: work.origin,
        appId: work.origin.appId,
        hops: (work.origin.meta.hops ?? 0) + 1,
        idempotencyKey,
        timeoutMs,
        signal,
        traceparent,
      });
      span.end(result.error?.message);
      return result;
    } catch (error) {
      span.end(error);
      throw error;
    } finally {
      effectsInFlight.dec();
      failpoint('runner.after-effect');
    }
  }

  private async requestOf(origin: RunOrigin, { step, scope }: Effect): Promise<unknown> {
    const secrets = await this.secrets.of(origin.appId, step.interpreter.secretNames ?? []);
    // Its own measure of computing time: since the decision a commit was waited for, and perhaps a turn.
    const { checkTime } = momentNow();
    try {
      return step.interpreter.request?.({ ...scope, checkTime, context: { ...scope.context, secrets } });
    } catch (error) {
      const { code, message } = unsendable(error);
      // A template's error may repeat what the template was given.
      throw new StepError(code, mask(message, Object.values(secrets)));
    }
  }
}

/** What the flow's author did wrong fails the step; it is not this process' fault. */
function unsendable(error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StepError) return { code: error.code, message };
  return { code: error instanceof TemplateError ? 'template_error' : 'step_error', message };
}
