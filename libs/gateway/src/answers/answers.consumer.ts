import { Controller } from '@nestjs/common';
import { Consumes, type EventBatch } from '@sluice/bus';
import type { RunAnswered } from '@sluice/contracts';
import { InjectSettings, type Settings } from '@sluice/platform';
import { AnswerWaiters } from './answer-waiters.ts';

/** Every gateway tails all answers and keeps those that its own callers wait for. */
@Controller()
export class AnswersConsumer {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly waiters: AnswerWaiters,
  ) {}

  @Consumes('runner.answers', { mode: 'everyInstance', group: 'gateway', types: ['RunAnswered'] })
  async on(batch: EventBatch): Promise<void> {
    for (const event of batch.events) {
      const answer = event.data as RunAnswered;
      if (answer.replyTo === this.settings.instanceId) this.waiters.answer(answer);
    }
  }
}
