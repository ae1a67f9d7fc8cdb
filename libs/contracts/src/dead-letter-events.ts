/**
 * An event that a consumer group could not handle, or that waits behind such an event of its stream. Appended by the
 * consumer's service to its own topic. Its stream's id carries the time of parking: the parked event's own stream may be
 * older than any partition of the consumer's table.
 */
export interface EventParked {
  deadLetterId: string;
  group: string;
  topic: string;
  streamId: string;
  version: number;
  type: string;
  /** `failed`: the handler refused it; `behind`: an earlier event of its stream is parked. */
  reason: 'failed' | 'behind';
  error: { name: string; message: string } | null;
  parkedAt: string;
}
export interface EventRedriven {
  deadLetterId: string;
  group: string;
  topic: string;
  streamId: string;
  version: number;
  outcome: 'handled' | 'discarded';
  at: string;
}
/** On `delivery-log.events`: a person asked for a retry or for discarding; the owner of the dead letter consumes it. */
export interface DeadLetterCommand {
  deadLetterId: string;
  group: string;
  action: 'retry' | 'discard';
  requestedAt: string;
}
export interface DeadLetterEvents {
  EventParked: EventParked;
  EventRedriven: EventRedriven;
}
export interface DeliveryLogEvents extends DeadLetterEvents {
  DeadLetterCommand: DeadLetterCommand;
}
