import { Injectable, Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SERVICES } from '@sluice/contracts';
import { poolToken } from '@sluice/platform';
import type { Pool } from 'pg';
import { EventSchemas } from './event-schemas.ts';

const log = new Logger('event-schemas');

@Injectable()
class EventSchemasLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly schemas: EventSchemas) {}

  onModuleInit(): Promise<void> {
    return this.schemas.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.schemas.stop();
  }
}

/** For every service that takes events in; in standalone they share one copy. */
@Module({
  providers: [
    {
      provide: EventSchemas,
      inject: SERVICES.map((service) => ({ token: poolToken(service), optional: true })),
      useFactory: (...pools: (Pool | undefined)[]): EventSchemas => {
        const pool = pools.find((candidate) => candidate !== undefined);
        if (!pool) throw new Error('no service of this process provides a database pool');
        return new EventSchemas({
          pool,
          onError: (error) => log.warn(`copy of the schemas: ${(error as Error).message}`),
        });
      },
    },
    EventSchemasLifecycle,
  ],
  exports: [EventSchemas],
})
export class EventSchemasModule {}
