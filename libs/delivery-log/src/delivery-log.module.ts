import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AccessModule } from '@sluice/access';
import { DeadLettersController } from './dead-letters/dead-letters.controller.ts';
import { DeadLettersQueries } from './dead-letters/dead-letters.query.ts';
import { DeliveriesController } from './deliveries/deliveries.controller.ts';
import { DeliveriesQueries } from './deliveries/deliveries.query.ts';
import { KnownEndpoints } from './deliveries/known-endpoints.ts';
import { WholeBodies } from './deliveries/whole-bodies.ts';
import { WholeBodiesSweep } from './deliveries/whole-bodies.worker.ts';
import { EventsController } from './events/events.controller.ts';
import { EventsQueries } from './events/events.query.ts';
import { DeliveryLogConsumer } from './read-model/delivery-log.consumer.ts';
import { ProjectionWriter } from './read-model/projection-writer.ts';
import { RequestsController } from './requests/requests.controller.ts';
import { KnownTriggers } from './requests/known-triggers.ts';
import { RequestsQueries } from './requests/requests.query.ts';
import { TriggerRequestsQueries } from './requests/trigger-requests.query.ts';
import { AppFloors } from './retention/app-floors.ts';
import { EndpointRing } from './retention/endpoint-ring.ts';
import { LogRetention } from './retention/log-retention.worker.ts';
import { StorageController } from './retention/storage.controller.ts';
import { StorageQueries } from './retention/storage.query.ts';
import { RebuildWorker } from './rebuilding/rebuild.worker.ts';
import { RebuildsController } from './rebuilding/rebuilds.controller.ts';
import { Rebuilds } from './rebuilding/rebuilds.ts';
import { SampleWatch } from './samples/sample-watch.ts';
import { SamplesController } from './samples/samples.controller.ts';
import { SamplesQueries } from './samples/samples.query.ts';
import { SearchController } from './search/search.controller.ts';
import { SearchItemsQuery } from './search/search-items.query.ts';
import { SearchQueries } from './search/search.query.ts';
import { StatsController } from './stats/stats.controller.ts';
import { StatsQueries } from './stats/stats.query.ts';
import { LiveTail } from './tail/live-tail.ts';
import { TailController } from './tail/tail.controller.ts';
import { TimelineRowsQuery } from './timeline/timeline-rows.query.ts';
import { TimelineController } from './timeline/timeline.controller.ts';

@Module({
  imports: [AccessModule, DiscoveryModule],
  controllers: [
    DeliveryLogConsumer,
    TimelineController,
    RequestsController,
    DeliveriesController,
    EventsController,
    DeadLettersController,
    SamplesController,
    StatsController,
    RebuildsController,
    TailController,
    SearchController,
    StorageController,
  ],
  providers: [
    ProjectionWriter,
    TimelineRowsQuery,
    RequestsQueries,
    TriggerRequestsQueries,
    KnownTriggers,
    DeliveriesQueries,
    KnownEndpoints,
    WholeBodies,
    WholeBodiesSweep,
    EventsQueries,
    DeadLettersQueries,
    SamplesQueries,
    SampleWatch,
    StatsQueries,
    Rebuilds,
    RebuildWorker,
    LiveTail,
    SearchItemsQuery,
    SearchQueries,
    AppFloors,
    EndpointRing,
    LogRetention,
    StorageQueries,
  ],
})
export class DeliveryLogModule {}
