import { Logger, type Provider, type Type } from '@nestjs/common';
import { SigningAside } from '@sluice/endpoints';
import { outboundClientOf, OutboundClient } from '@sluice/outbound-http';
import { poolToken, SETTINGS, type Settings } from '@sluice/platform';
import { SealedValues } from '@sluice/sealed-values';
import type { Pool } from 'pg';
import { AttemptRecorder } from './attempt-recorder.ts';
import { DeliveriesController } from './deliveries.controller.ts';
import { DeliveringConfig } from './delivering.config.ts';
import { DeliveryRetrier } from './delivery-retrier.ts';
import { DeliverySender } from './delivery-sender.ts';
import { DeliveryStarter } from './delivery-starter.ts';
import { DispatcherDueQueue } from './dispatcher-due-queue.ts';
import { EndpointGate } from './endpoint-gate.ts';
import { FailedDeliveries } from './failed-deliveries.ts';
import { EventLoader } from './event-loader.ts';
import { RetryWorker } from './retry.worker.ts';
import { RawBodies } from '../requests/raw-bodies.ts';
import { SecretOpener } from './secret-opener.ts';
import { WholeBodies } from './whole-bodies.ts';

const log = new Logger('dispatcher.deliveries');

/** Everything from a planned delivery on. */
export const DELIVERING_PROVIDERS: Provider[] = [
  {
    provide: DeliveringConfig,
    inject: [SETTINGS],
    useFactory: ({ etlPrefix, etlPrefixOfApp = {} }: Settings) =>
      Object.assign(new DeliveringConfig(), { etlPrefix, etlPrefixOfApp }),
  },
  {
    provide: OutboundClient,
    inject: [SETTINGS],
    useFactory: (settings: Settings) => outboundClientOf(settings),
  },
  {
    provide: SealedValues,
    inject: [poolToken('dispatcher'), SETTINGS],
    useFactory: (pool: Pool, settings: Settings) => new SealedValues({ pool, keys: settings.encryptionKeys }),
  },
  {
    provide: SigningAside,
    useFactory: () =>
      new SigningAside((error) => log.warn(`the thread that signs broke, signing goes on without: ${error.message}`)),
  },
  DispatcherDueQueue,
  EndpointGate,
  EventLoader,
  SecretOpener,
  RawBodies,
  WholeBodies,
  FailedDeliveries,
  AttemptRecorder,
  DeliverySender,
  DeliveryStarter,
  RetryWorker,
  DeliveryRetrier,
];
export const DELIVERING_CONTROLLERS: Type<unknown>[] = [DeliveriesController];
