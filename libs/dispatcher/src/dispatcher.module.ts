import { Module } from '@nestjs/common';
import { AccessModule } from '@sluice/access';
import { EventSchemasModule } from '@sluice/event-schemas';
import { DELIVERING_CONTROLLERS, DELIVERING_PROVIDERS } from './delivering/delivering.providers.ts';
import { EndpointTestsController } from './endpoint-tests/endpoint-tests.controller.ts';
import { EndpointTester } from './endpoint-tests/endpoint-tester.ts';
import { SampleEvents } from './endpoint-tests/sample-event.ts';
import { EndpointDirectory } from './endpoints/endpoint-directory.ts';
import { EndpointsConsumer } from './endpoints/endpoints.consumer.ts';
import { HEALTH_CONTROLLERS, HEALTH_PROVIDERS } from './health/health.providers.ts';
import { OrderingKeys } from './matching/ordering-keys.ts';
import { OwnershipConfig } from './ownership/ownership.config.ts';
import { SlotOwnership } from './ownership/slot-ownership.ts';
import { DomainEventsConsumer } from './recording/domain-events.consumer.ts';
import { EventRecorder } from './recording/event-recorder.ts';
import { DeliveryOutcomes } from './replaying/delivery-outcomes.ts';
import { Replayer } from './replaying/replayer.ts';
import { Replays } from './replaying/replays.ts';
import { ReplaysController } from './replaying/replays.controller.ts';

@Module({
  imports: [AccessModule, EventSchemasModule],
  controllers: [
    EndpointsConsumer,
    DomainEventsConsumer,
    EndpointTestsController,
    ...DELIVERING_CONTROLLERS,
    ...HEALTH_CONTROLLERS,
    ReplaysController,
  ],
  providers: [
    EndpointDirectory,
    EventRecorder,
    SampleEvents,
    EndpointTester,
    OrderingKeys,
    { provide: OwnershipConfig, useFactory: () => new OwnershipConfig() },
    SlotOwnership,
    ...HEALTH_PROVIDERS,
    Replays,
    DeliveryOutcomes,
    Replayer,
    ...DELIVERING_PROVIDERS,
  ],
})
export class DispatcherModule {}
