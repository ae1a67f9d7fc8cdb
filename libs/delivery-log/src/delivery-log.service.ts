import type { ServiceDefinition } from '@sluice/platform';
import { DeliveryLogModule } from './delivery-log.module.ts';
import { RejectedRequests1763900040003 } from './migrations/1763900040003-rejected-requests.ts';
import { Samples1763900060001 } from './migrations/1763900060001-samples.ts';
import { RequestsWithoutFlow1764000070005 } from './migrations/1764000070005-requests-without-flow.ts';
import { Stats1764000130000 } from './migrations/1764000130000-stats.ts';
import { WholeBodies1764000120000 } from './migrations/1764000120000-whole-bodies.ts';
import { Partitions1764000130001 } from './migrations/1764000130001-partitions.ts';
import { Rebuilds1764000130002 } from './migrations/1764000130002-rebuilds.ts';
import { LedTo1764000250000 } from './migrations/1764000250000-led-to.ts';
import { RejectionsByDay1764000250001 } from './migrations/1764000250001-rejections-by-day.ts';
import { CancelledRebuilds1764000250002 } from './migrations/1764000250002-cancelled-rebuilds.ts';
import { DroppedDays1764000330000 } from './migrations/1764000330000-dropped-days.ts';
import { RejectionsByApp1764000370000 } from './migrations/1764000370000-rejections-by-app.ts';
import { AscendingIndexes1764000390000 } from './migrations/1764000390000-ascending-indexes.ts';
import { RoundsOfDeliveries1764000560001 } from './migrations/1764000560001-rounds-of-deliveries.ts';
import { DeliveryLog1763800000000 } from './migrations/delivery-log-1763800000000.ts';

export const deliveryLogService: ServiceDefinition = {
  name: 'delivery-log',
  module: DeliveryLogModule,
  migrations: [
    DeliveryLog1763800000000,
    RejectedRequests1763900040003,
    Samples1763900060001,
    RequestsWithoutFlow1764000070005,
    Stats1764000130000,
    WholeBodies1764000120000,
    Partitions1764000130001,
    Rebuilds1764000130002,
    LedTo1764000250000,
    RejectionsByDay1764000250001,
    CancelledRebuilds1764000250002,
    DroppedDays1764000330000,
    RejectionsByApp1764000370000,
    AscendingIndexes1764000390000,
    RoundsOfDeliveries1764000560001,
  ],
  topics: ['delivery-log.events'],
  partitioned: true,
};
