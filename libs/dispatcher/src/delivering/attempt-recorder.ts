import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AttemptFinished, DispatcherEvents } from '@sluice/contracts';
import {
  type Alongside,
  AlongsideConflictError,
  type EventStorePort,
  isTransientError,
  type NewEvent,
  VersionConflictError,
} from '@sluice/event-store';
import { failpoint, InjectStore } from '@sluice/platform';
import { COUNT_ENDED } from '../replaying/replay.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { isOrdered } from './delivery-key.rules.ts';
import type { Delivery } from './delivery.ts';
import { FailedDeliveries, type FailureTold } from './failed-deliveries.ts';
import { WholeBodies } from './whole-bodies.ts';
import { DispatcherDueQueue, type DuePayload } from './dispatcher-due-queue.ts';

const log = new Logger('dispatcher.deliveries');
const RETRY_MS = [50, 100, 250, 500, 1000];

/** Writes what became of an attempt, together with the delivery's row: one commit, fenced by the row's lease. */
@Injectable()
export class AttemptRecorder {
  constructor(
    @InjectStore('dispatcher') private readonly store: EventStorePort,
    @Inject(DispatcherDueQueue) private readonly queue: DispatcherDueQueue,
    @Inject(WholeBodies) private readonly bodies: WholeBodies,
    @Inject(FailedDeliveries) private readonly failed: FailedDeliveries,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  /** @param traceparent of the attempt's span. */
  async finished(delivery: Delivery, attempt: AttemptFinished, traceparent: string | undefined): Promise<void> {
    const { claim } = delivery;
    const payload: DuePayload = {
      eventId: attempt.eventId,
      number: attempt.number,
      version: delivery.version + 1,
      tries: delivery.tries + 1,
      ...(delivery.replayId === undefined ? {} : { replayId: delivery.replayId }),
    };
    const bodies = this.bodies.referencesOf(attempt);
    const rows = (): Alongside[] => [
      ...bodies,
      ...(attempt.nextAttemptAt === null
        ? this.#end(delivery, attempt.outcome)
        : [this.queue.putBack(claim, Date.parse(attempt.nextAttemptAt), payload)]),
    ];
    const told = this.failed.told(delivery, attempt, traceparent);
    await this.#append(delivery, { type: 'AttemptFinished', data: attempt }, rows, traceparent, told);
  }

  /** Ends a delivery that will not be attempted (again). */
  async discarded(delivery: Delivery, discarded: DispatcherEvents['DeliveryDiscarded']): Promise<void> {
    const event = { type: 'DeliveryDiscarded', data: discarded };
    await this.#append(delivery, event, () => this.#end(delivery, 'discarded'), delivery.meta.traceparent);
  }

  #end({ claim, replayId }: Delivery, outcome: string): Alongside[] {
    const done = this.queue.complete([claim]);
    return replayId === undefined ? [done] : [done, { statement: COUNT_ENDED, rows: [[replayId, outcome]] }];
  }

  async #append(
    delivery: Delivery,
    event: Pick<NewEvent, 'type' | 'data'>,
    rows: () => Alongside[],
    traceparent: string | undefined,
    told: FailureTold = { appends: [], alongside: [] },
  ): Promise<void> {
    const { correlationId } = delivery.meta;
    const meta = { correlationId, causationId: delivery.event.eventId, ...(traceparent ? { traceparent } : {}) };
    failpoint('dispatcher.before-attempt-commit');
    const outcome = await this.#patiently(delivery, () =>
      this.store.commit({
        appends: [
          {
            streamId: delivery.deliveryId,
            expectedVersion: delivery.version,
            events: [{ ...event, appId: delivery.appId, meta }],
          },
          ...told.appends,
        ],
        alongside: [...rows(), ...told.alongside],
        // The next one in an order waits for it.
        lingerMs: isOrdered(delivery.claim.key) ? 0 : this.config.recordLingerMs,
      }),
    );
    if (outcome === 'refused') await this.#putOff(delivery);
    failpoint('dispatcher.after-attempt-commit');
  }

  /**
   * Tries for as long as the lease is ours: after that the row belongs to whoever takes it, and the attempt is made
   * again. A conflict says that it was recorded already: by us, when the database died while it answered, or by the
   * process that took the row over.
   */
  async #patiently(delivery: Delivery, commit: () => Promise<unknown>): Promise<'done' | 'refused'> {
    for (let failures = 0; ; failures++) {
      try {
        await commit();
        return 'done';
      } catch (error) {
        if (error instanceof VersionConflictError || error instanceof AlongsideConflictError) {
          log.warn(`an attempt of delivery ${delivery.deliveryId} was recorded by somebody else: ${error.message}`);
          return 'done';
        }
        if (!isTransientError(error)) {
          log.error(`an attempt of delivery ${delivery.deliveryId} cannot be recorded: ${String(error)}`);
          return 'refused';
        }
        if (delivery.claim.lost) {
          log.warn(`an attempt of delivery ${delivery.deliveryId} was not recorded and will be made again`);
          return 'done';
        }
      }
      const waitMs = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** Without this the row would come back with every end of its lease, and be sent each time. */
  async #putOff(delivery: Delivery): Promise<void> {
    const atMs = this.config.now() + this.config.unrecordableRetryMs;
    await this.#patiently(delivery, () =>
      this.store.commit({
        appends: [],
        alongside: [this.queue.putBack(delivery.claim, atMs, delivery.claim.payload as DuePayload)],
      }),
    );
  }
}
