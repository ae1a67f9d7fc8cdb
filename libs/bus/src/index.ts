export { type Bound, BusBindings, type ServiceBinding, serviceOfGroup } from './bus-bindings.ts';
export type {
  BatchHandler,
  BusEvent,
  Checkpoint,
  ConsumeOptions,
  ConsumerStatus,
  EventBatch,
  ForeignMessage,
} from './bus.contract.ts';
export { type BusOptions, BusStrategy } from './bus-strategy.ts';
export { busTablesSql } from './bus-tables.ts';
export { Consumes } from './consuming/consumes.ts';
export { CheckpointMovedError } from './consuming/group-tables.ts';
export type { DeadLetter, DeadLetterFilter } from './dead-letters/dead-letter.ts';
export { deadLetterCommandConsumer } from './dead-letters/dead-letter-commands.consumer.ts';
export { DeadLetters, type RedriveOutcome } from './dead-letters/dead-letters.ts';
export { kafkaPartitionOf } from './kafka/kafka-partition-of.ts';
export { KafkaBus, type KafkaBusOptions } from './kafka/kafka-bus.ts';
export type { KafkaSettings } from './kafka/kafka-client.ts';
export type { RelayStatus } from './kafka/relay.ts';
export { MemoryBus, type MemoryBusOptions } from './memory/memory-bus.ts';
export { MemoryEventStore } from './memory/memory-event-store.ts';
export { PostgresBus, type PostgresBusOptions } from './postgres/postgres-bus.ts';
