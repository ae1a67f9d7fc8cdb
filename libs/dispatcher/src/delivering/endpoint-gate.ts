import { Inject, Injectable } from '@nestjs/common';
import type { EndpointState } from '@sluice/contracts';
import { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { EndpointHealth } from '../health/endpoint-health.ts';
import { SlotOwnership } from '../ownership/slot-ownership.ts';
import { endpointOf } from './delivery-key.rules.ts';
import type { LaneBounds } from './send-lanes.ts';

/** Whether anything may be sent to an endpoint by this process now, and how much. */
@Injectable()
export class EndpointGate {
  constructor(
    @Inject(SlotOwnership) private readonly ownership: SlotOwnership,
    @Inject(EndpointHealth) private readonly health: EndpointHealth,
    @Inject(EndpointDirectory) private readonly endpoints: EndpointDirectory,
  ) {}

  /** Of an endpoint, or of a key of one. */
  isOpen(key: string): boolean {
    const uuid = endpointOf(key);
    if (!this.ownership.owns(uuid)) return false;
    // What is for an endpoint that is disabled or deleted is ended, whether or not it was paused before.
    return !this.health.isClosed(uuid) || this.isEnding(uuid);
  }

  /** Deliveries to it end without an attempt. */
  isEnding(uuid: string): boolean {
    return !(this.endpoints.find(uuid)?.enabled ?? false);
  }

  boundsOf(key: string): LaneBounds {
    const endpoint: EndpointState | undefined = this.endpoints.find(endpointOf(key));
    return { concurrency: endpoint?.concurrency ?? 1, perSecond: endpoint?.rateLimit ?? null };
  }
}
