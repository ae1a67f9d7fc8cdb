import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Claim, DueWorker } from '@sluice/due-queue';
import { SigningAside } from '@sluice/endpoints';
import type { EventStorePort } from '@sluice/event-store';
import { OutboundClient } from '@sluice/outbound-http';
import { InjectStore } from '@sluice/platform';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { EndpointHealth } from '../health/endpoint-health.ts';
import { SlotOwnership } from '../ownership/slot-ownership.ts';
import type { ReplayJob } from '../replaying/replay.ts';
import { Replayer } from '../replaying/replayer.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { entityJson } from './delivery-body.rules.ts';
import { endpointOf } from './delivery-key.rules.ts';
import { DeliveryStarter } from './delivery-starter.ts';
import { DispatcherDueQueue, type DuePayload } from './dispatcher-due-queue.ts';
import { EndpointGate } from './endpoint-gate.ts';
import { EventLoader } from './event-loader.ts';

const log = new Logger('dispatcher.retries');

/**
 * Retries, overflow, and what a dead process left behind, in a lane of their own: it holds claims up to its own bound
 * beside what first attempts hold, so neither starves the other; the endpoint's cap is kept by its send lane.
 */
@Injectable()
export class RetryWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  #worker: DueWorker | null = null;
  readonly #held = new Map<string, number>();

  constructor(
    @InjectStore('dispatcher') private readonly store: EventStorePort,
    @Inject(DispatcherDueQueue) private readonly queue: DispatcherDueQueue,
    @Inject(DeliveryStarter) private readonly starter: DeliveryStarter,
    @Inject(Replayer) private readonly replayer: Replayer,
    @Inject(EventLoader) private readonly events: EventLoader,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(EndpointGate) private readonly gate: EndpointGate,
    @Inject(EndpointHealth) private readonly health: EndpointHealth,
    @Inject(SlotOwnership) private readonly ownership: SlotOwnership,
    @Inject(OutboundClient) private readonly client: OutboundClient,
    @Inject(SigningAside) private readonly aside: SigningAside,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.endpoints.onChange((uuid) => {
      if (this.gate.isEnding(uuid) && this.gate.isOpen(uuid)) void this.#expedite(uuid);
    });
    this.health.onClosed((uuid) => this.starter.lanes.clearOne(uuid));
    await this.ownership.start({
      busySlots: () => this.queue.busySlots(),
      onGained: () => this.queue.sweepSoon(),
      onHandedOver: (rows) => this.queue.discover(rows),
      onLost: (isLost) => {
        this.starter.clear(isLost);
        this.health.forget(isLost);
      },
    });
    this.#worker = this.queue.start((claim) => this.#work(claim), {
      concurrency: this.config.retryConcurrency,
      perKey: (key) => this.#mostOf(key),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    // First no new claims, then the lanes: cancelling what waits there is what ends the worker's handlers.
    this.ownership.stop();
    const ended = this.#worker?.stop(this.config.stopMs);
    await this.starter.stop(this.config.stopMs);
    await ended;
    await this.health.stop();
    await this.ownership.leave();
    this.queue.close();
    await this.client.close(1000);
    await this.aside.close();
  }

  /** Leases of an endpoint that this process may hold: what first attempts hold, and its concurrency besides. */
  #mostOf(key: string): number {
    if (!this.gate.isOpen(key)) return 0;
    const uuid = endpointOf(key);
    const held = this.#held.get(uuid) ?? 0;
    const others = this.queue.leases.ofKey(uuid) - held;
    return others + this.gate.boundsOf(uuid).concurrency;
  }

  /** DL-05: what waits for an endpoint that is disabled or deleted is discarded now, not at its time. */
  async #expedite(uuid: string): Promise<void> {
    try {
      await this.queue.expedite(uuid);
    } catch (error) {
      log.warn(`what waits for endpoint ${uuid} is discarded when it is due: ${(error as Error).message}`);
    }
  }

  async #work(claim: Claim): Promise<void> {
    const uuid = endpointOf(claim.key);
    this.#held.set(uuid, (this.#held.get(uuid) ?? 0) + 1);
    try {
      await this.#attempt(claim);
    } finally {
      const left = (this.#held.get(uuid) ?? 1) - 1;
      if (left > 0) this.#held.set(uuid, left);
      else this.#held.delete(uuid);
    }
  }

  async #attempt(claim: Claim): Promise<void> {
    const payload = claim.payload as DuePayload | ReplayJob;
    if ('job' in payload) return this.replayer.step(claim);
    const uuid = endpointOf(claim.key);
    if ((payload.notBeforeMs ?? 0) > this.config.now() && !this.gate.isEnding(uuid)) {
      // Only after a start, or a change of owner, does nobody here know that it waits.
      this.queue.block(claim.key, payload.notBeforeMs as number);
      await this.queue.release([claim]);
      return;
    }
    // A claim is small, its event may not be.
    while (this.starter.lanes.waitingBytes > this.config.maxWaitingBytes) await rest(25);
    const loaded = await this.events.load(payload.eventId);
    if (!loaded) {
      log.error(`delivery ${claim.id} is given up: its event ${payload.eventId} does not exist any more`);
      await this.store.commit({ appends: [], alongside: [this.queue.complete([claim])] });
      return;
    }
    const { event, appId, meta } = loaded;
    const { number, version, tries, replayId } = payload;
    const replayed = replayId === undefined ? {} : { replayId };
    await this.starter.start(
      { deliveryId: claim.id, appId, endpointUuid: uuid, event, meta, claim, number, version, tries, ...replayed },
      entityJson(event).length,
    );
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
