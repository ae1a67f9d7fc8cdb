import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Claim, DueWorker } from '@sluice/due-queue';
import type { EventStorePort } from '@sluice/event-store';
import { OutboundClient } from '@sluice/outbound-http';
import { InjectStore } from '@sluice/platform';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { entityJson } from './delivery-body.rules.ts';
import { DeliveryStarter } from './delivery-starter.ts';
import { DispatcherDueQueue, type DuePayload } from './dispatcher-due-queue.ts';
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
    @Inject(EventLoader) private readonly events: EventLoader,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
    @Inject(OutboundClient) private readonly client: OutboundClient,
    @Inject(DeliveringConfig) private readonly config: DeliveringConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.#worker = this.queue.start((claim) => this.#work(claim), {
      concurrency: this.config.retryConcurrency,
      perKey: (key) => this.#mostOf(key),
    });
  }

  async onApplicationShutdown(): Promise<void> {
    // First no new claims, then the lanes: cancelling what waits there is what ends the worker's handlers.
    const ended = this.#worker?.stop(this.config.stopMs);
    await this.starter.stop(this.config.stopMs);
    await ended;
    this.queue.close();
    await this.client.close(1000);
  }

  /** Leases of an endpoint that this process may hold: what first attempts hold, and its concurrency besides. */
  #mostOf(key: string): number {
    const held = this.#held.get(key) ?? 0;
    const others = this.queue.leases.ofKey(key) - held;
    return others + (this.endpoints.find(key)?.concurrency ?? 1);
  }

  async #work(claim: Claim): Promise<void> {
    this.#held.set(claim.key, (this.#held.get(claim.key) ?? 0) + 1);
    try {
      await this.#attempt(claim);
    } finally {
      const left = (this.#held.get(claim.key) ?? 1) - 1;
      if (left > 0) this.#held.set(claim.key, left);
      else this.#held.delete(claim.key);
    }
  }

  async #attempt(claim: Claim): Promise<void> {
    const payload = claim.payload as DuePayload;
    // A claim is small, its event may not be.
    while (this.starter.lanes.waitingBytes > this.config.maxWaitingBytes) await rest(25);
    const loaded = await this.events.load(payload.eventId);
    if (!loaded) {
      log.error(`delivery ${claim.id} is given up: its event ${payload.eventId} does not exist any more`);
      await this.store.commit({ appends: [], alongside: [this.queue.complete([claim])] });
      return;
    }
    const { event, appId, meta } = loaded;
    const { number, version, tries } = payload;
    await this.starter.start(
      { deliveryId: claim.id, appId, endpointUuid: claim.key, event, meta, claim, number, version, tries },
      this.endpoints.find(claim.key)?.concurrency ?? 1,
      entityJson(event).length,
    );
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
