import type { DomainEventRecorded, EndpointState } from '@sluice/contracts';
import type { Alongside, EventMeta } from '@sluice/event-store';

/** A domain event that goes to an endpoint; the id is derived, so planning it twice plans the same delivery. */
export interface PlannedDelivery {
  deliveryId: string;
  appId: string;
  event: DomainEventRecorded;
  endpoint: EndpointState;
  /** Deliveries of one key go one after another; null: in any order. */
  orderingKey: string | null;
  /** Meta of the event that recorded it. */
  meta: EventMeta;
}

/** What the recorder puts into its commit, and calls once that has resolved. */
export interface DeliveryPlan {
  /** The due rows: leased ones start from memory, the others when the due worker comes to them. */
  alongside: readonly Alongside[];
  /** Starts the first attempts of the leased ones; returns at once. */
  begin(): void;
}

/**
 * The seam between recording and delivering, implemented by DeliveryStarter. `plan` decides per delivery whether it can
 * start from memory: an endpoint that has enough waiting already gets an unleased row, so that one that hangs costs
 * neither memory nor its neighbours' time.
 */
export interface DeliveryPlanner {
  plan(deliveries: readonly PlannedDelivery[], committedAfterMs?: number): DeliveryPlan;
}
