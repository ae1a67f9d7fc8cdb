/** The services that own events. A service's tables live in the schema `schemaOf(service)`. */
export const SERVICES = ['gateway', 'registry', 'runner', 'dispatcher', 'delivery-log'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Topics that are tables of ours (`<service>.<table>`), each written by its service alone. */
export const TOPICS = [
  'gateway.events',
  'registry.events',
  'runner.events',
  'runner.answers',
  'dispatcher.events',
  'delivery-log.events',
] as const;
export type Topic = (typeof TOPICS)[number];

/** The Kafka topic on which internal services publish CloudEvents; it has no table and exists in the Kafka wiring only. */
export const DOMAIN_EVENTS_TOPIC = 'domain.events';

export function schemaOf(service: ServiceName): string {
  return service.replaceAll('-', '_');
}

export function serviceOf(topic: Topic): ServiceName {
  return topic.slice(0, topic.indexOf('.')) as ServiceName;
}
