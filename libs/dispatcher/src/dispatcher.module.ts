import { Module } from '@nestjs/common';
import { AccessModule } from '@sluice/access';
import { EventSchemasModule } from '@sluice/event-schemas';
import { DELIVERING_CONTROLLERS, DELIVERING_PROVIDERS } from './delivering/delivering.providers.ts';
import { EndpointDirectory } from './endpoints/endpoint-directory.ts';
import { EndpointsConsumer } from './endpoints/endpoints.consumer.ts';
import { DomainEventsConsumer } from './recording/domain-events.consumer.ts';
import { EventRecorder } from './recording/event-recorder.ts';

@Module({
  imports: [AccessModule, EventSchemasModule],
  controllers: [EndpointsConsumer, DomainEventsConsumer, ...DELIVERING_CONTROLLERS],
  providers: [EndpointDirectory, EventRecorder, ...DELIVERING_PROVIDERS],
})
export class DispatcherModule {}
