import { Controller } from '@nestjs/common';
import { type BusEvent, Consumes, type EventBatch } from '@sluice/bus';
import type { TriggerAccepted } from '@sluice/contracts';
import { AskedCancels } from '../api/asked-cancels.ts';
import { payloadOf, RunInputs } from '../runs/run-input.ts';
import { StepAnswers } from '../waiting/step-answers.ts';
import type { PendingStart } from './pending-start.ts';
import { RunStarter } from './run-starter.ts';
import { TimeSlice } from './time-slice.ts';

/** Most triggers in a unit: about four events each, so a few times what the store otherwise puts into a batch. */
const MAX_BATCH = 256;
const FAR_BEHIND = { from: 768, maxBatch: 768 };
const TYPES = ['TriggerAccepted', 'RunCancelAsked', 'CallbackReceived'];

/** Starts a run for each accepted trigger; the whole batch is one commit together with its checkpoint. */
@Controller()
export class TriggersConsumer {
  constructor(
    private readonly starter: RunStarter,
    private readonly inputs: RunInputs,
    private readonly cancels: AskedCancels,
    private readonly answers: StepAnswers,
  ) {}

  @Consumes('gateway.events', { group: 'runner', types: TYPES, maxBatch: MAX_BATCH, behind: FAR_BEHIND })
  async onTriggers(batch: EventBatch): Promise<void> {
    const pending: PendingStart[] = [];
    const slice = new TimeSlice();
    for (const event of batch.events) {
      await slice.rest();
      // Before the checkpoint. A wish that comes before its run's start is stored all the same, and the run obeys it.
      if (event.type === 'RunCancelAsked') {
        await this.cancels.cancel(event);
      } else if (event.type === 'CallbackReceived') {
        // Its run may begin in this very batch, when that is delivered again.
        await this.starter.start(pending.splice(0));
        await this.answers.deliver(event);
      } else {
        pending.push(await this.pendingOf(event));
      }
    }
    await this.starter.start(pending, [batch.checkpoint.alongside()]);
  }

  private async pendingOf(event: BusEvent): Promise<PendingStart> {
    const data = event.data as TriggerAccepted;
    const { profile, method, query, headers, receivedAt, props, replyTo } = data;
    const reading = this.inputs.ofTrigger(data, event.body);
    const input = reading instanceof Promise ? await reading : reading;
    const fromQuery = 'value' in input ? input.fromQuery : undefined;
    return {
      runId: event.streamId,
      appId: event.appId,
      flowId: data.flowId,
      mode: data.mode,
      input,
      inputPayload: payloadOf(data),
      trigger: { profile, method, query, headers, receivedAt, props, replyTo, ...(fromQuery ? { fromQuery } : {}) },
      triggerId: data.triggerId,
      requestId: event.streamId,
      orderingKey: data.orderingKey ?? null,
      queuedAt: receivedAt,
      inputBytes: data.bodySize,
      meta: { ...event.meta, causationId: event.streamId },
    };
  }
}
